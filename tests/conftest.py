"""Fixtures for all tests, each plugin named, and the one way in which properties are tried."""

from hypothesis import settings

pytest_plugins = ["tests.databases"]

# the same examples in every run; no deadline, because a busy machine is no defect of the program
settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")
