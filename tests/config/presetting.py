"""The policies that presets make, as an operator gets them who names one and little else."""

from gatekeeper.config import presets, shipped
from gatekeeper.config.loading import policy_of
from gatekeeper.config.policy_models import PolicyFile
from gatekeeper.config.positions import read
from gatekeeper.config.validation import validate
from gatekeeper.domain.policy import Policy

NAMES = ("certcc", "distros", "kernel", "kubernetes", "openstack", "xen")


def policy(name: str, more: str = "") -> Policy:
    """Return the policy of a file that says `preset: name` and nothing else but `more`."""
    document, problems = read("policy.yaml", f"preset: {name}\n{more}".encode())
    assert document is not None
    assert () == problems
    document, problems = presets.applied(document, shipped.folder())
    assert () == problems
    file, problems = validate(PolicyFile, document)
    assert () == problems
    assert file is not None
    return policy_of(file)
