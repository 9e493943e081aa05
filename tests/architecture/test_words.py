"""The project speaks of itself: no machine's folders, no registry's hosts, no person's address."""

import re

import pytest

import dev
from tests.architecture.sources import all_files

# Spelt in pieces, so that this file is not its own first finding.
MACHINE = re.compile(r"(?<![\w.])/(?:wo" + r"rk|ro" + r"ot|Us" + r"ers|ho" + r"me)/[\w.]")
HOSTS = re.compile(
    "|".join(
        (
            *(r"py" + r"pi\.org", r"python" + r"hosted\.org", r"registry\." + r"npmjs"),
            *(r"deb\." + r"debian\.org", r"security\." + r"debian\.org", r"crates\." + r"io"),
            *(r"proxy\." + r"golang\.org", r"conda\." + r"anaconda"),
        )
    )
)
ADDRESS = re.compile(r"[\w.+=-]+@((?:[\w-]+\.)+[a-z]{2,})\b", re.IGNORECASE)

# RFC 2606 and RFC 6761: names that belong to nobody.
NOBODYS = re.compile(
    r"(?:^|\.)(?:example|example\.(?:com|net|org)|invalid|test|localhost)$", re.IGNORECASE
)


def indiscreet(path: str, text: str) -> list[str]:
    """Find words that belong to a machine, a registry or a person."""
    found = []
    for line, words in enumerate(text.splitlines(), 1):
        if MACHINE.search(words):
            found.append(f"{path}:{line}: names a folder of one machine")
        if HOSTS.search(words):
            found.append(f"{path}:{line}: names a registry's host")
        if any(not NOBODYS.search(domain) for domain in ADDRESS.findall(words)):
            found.append(f"{path}:{line}: holds an address that may be somebody's")
    return found


def test_no_file_says_more_than_it_should() -> None:
    found = []
    for path in all_files():
        text = dev.ROOT.joinpath(path).read_bytes().decode("utf-8", errors="replace")
        found += indiscreet(path, text)
    assert [] == found


@pytest.mark.parametrize(
    "sample",
    [
        "path = '/wo" + "rk/project'",
        "#!/ro" + "ot/.venv/bin/python",
        "index-url = https://py" + "pi.org/simple",
        "deb http://deb." + "debian.org/debian bookworm main",
        "From: Somebody <some.body@real" + "-company.com>",
    ],
)
def test_an_indiscretion_is_seen(sample: str) -> None:
    assert 1 == len(indiscreet("docs/sample.md", sample))


@pytest.mark.parametrize(
    "sample",
    [
        "security@example.org, alias+tag@mail.vendor.example, x@host.invalid",
        "listens on alice@localhost",
        "https://www.rfc-editor.org/rfc/rfc3156",
        "the homework/rooted folder ./workshop/main",
        "@pytest.mark.parametrize",
    ],
)
def test_discreet_words_pass(sample: str) -> None:
    assert [] == indiscreet("docs/sample.md", sample)
