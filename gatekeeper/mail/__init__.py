"""Bytes of mail to values and back: standard library only, no I/O, linear, never surprised."""
