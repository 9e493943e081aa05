"""The only door to OpenPGP: gpg behind a strict layer, and packets without any cryptography."""
