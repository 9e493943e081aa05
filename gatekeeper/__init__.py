"""Gatekeeper: the mailing-list bot and pre-disclosure gatekeeper of a security team."""

__version__ = "0.1.0"
