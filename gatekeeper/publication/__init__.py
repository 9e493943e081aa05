"""What a web server shows of us, as values: names and texts made of public facts alone."""
