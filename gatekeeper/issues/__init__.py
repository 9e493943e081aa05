"""Issues: find the one a message belongs to, decide what follows, and write it in one commit."""
