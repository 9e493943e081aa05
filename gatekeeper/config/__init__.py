"""The only reader of files and environment: the configuration, checked, as one value."""

from gatekeeper.config.loading import default_folder, load
from gatekeeper.config.problems import BadConfiguration, Problem
from gatekeeper.config.settings import Settings

__all__ = ["BadConfiguration", "Problem", "Settings", "default_folder", "load"]
