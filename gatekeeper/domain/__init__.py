"""The rules: values and decisions, with no I/O, no clock and no third-party package."""
