"""Fixtures for all tests; each plugin names what it gives."""

pytest_plugins = ["tests.databases"]
