"""The tests, in the folders of the package they hold to its promises."""
