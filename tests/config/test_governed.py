"""What is in force is worked by, whatever the files say by now; comments are no change."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from gatekeeper.config import BadConfiguration, Settings
from gatekeeper.config.governed import completed, drifted, in_force
from gatekeeper.config.settings import SecretFile
from gatekeeper.domain.errors import Misconfigured
from gatekeeper.domain.governed import Content, Kind, Tree, load
from gatekeeper.outbound.trust import Tls
from gatekeeper.pgp.armor import Kind as Block
from gatekeeper.pgp.armor import armor
from gatekeeper.texts.templates import TEAM_NOTICE
from tests.config.installation import Installation
from tests.house import PEOPLE, person_key
from tests.keys import key_of
from tests.worlds import make_certificate

NEW = "Kim Example <kim@team.example>"


def kept(settings: Settings) -> Mapping[Kind, Content]:
    """Return what the files say now, as a database gives it back."""
    return {kind: load(content.dump()) for kind, content in settings.governed.items()}


def test_every_part_is_read_from_the_files(site: Installation) -> None:
    found = site.load().governed
    assert set(Kind) == set(found)
    assert {person_key(index).fingerprint for index in range(3)} == set(
        found[Kind.TEAM].certificates
    )
    assert "team-copy.txt" in found[Kind.TEMPLATES].tree
    assert {"domain", "addresses", "relay", "trusted_relays", "forwarders"} >= set(
        found[Kind.ADDRESSES].tree
    )


def test_the_same_files_change_nothing(site: Installation) -> None:
    settings = site.load()
    assert () == drifted(settings, kept(settings))
    assert settings == in_force(settings, kept(settings))
    assert settings == in_force(settings, {})


def test_comments_and_other_settings_are_no_drift(site: Installation) -> None:
    held = kept(site.load())
    site.replace("policy.yaml", "# Every number.", "# All the numbers.\n\n# ")
    site.replace("gatekeeper.yaml", "port: 2525", "port: 2625")
    site.replace("team.yaml", "people:", "# these\npeople:")
    assert () == drifted(site.load(), held)


def test_another_team_is_not_the_team(site: Installation) -> None:
    """Neither who joined in the file nor who left; and every key in force has its certificate."""
    before = site.load()
    new = key_of(NEW)
    old = person_key(2).fingerprint
    site.replace("team.yaml", old, new.fingerprint)
    site.replace("team.yaml", "employer: Example", "employer: Elsewhere")
    (site.folder / "keys" / f"{old}.asc").unlink()
    (site.folder / "keys" / f"{new.fingerprint}.asc").write_bytes(
        armor(Block.PUBLIC_KEY, new.public)
    )
    after, held = site.load(), kept(before)
    assert after.team != before.team
    assert (Kind.TEAM,) == drifted(after, held)
    used = in_force(after, held)
    assert before.team == used.team
    assert dict(before.certificates) == dict(used.certificates)


def test_a_renewed_certificate_is_used_as_it_lies_there(site: Installation) -> None:
    held = kept(site.load())
    key = person_key(0).fingerprint
    path = site.folder / "keys" / f"{key}.asc"
    path.write_bytes(path.read_bytes() + b"\n")
    settings = site.load()
    assert () == drifted(settings, held)
    assert path.read_bytes() == in_force(settings, held).certificates[key]


def test_another_policy_is_not_the_policy(site: Installation) -> None:
    before = site.load()
    site.replace("policy.yaml", "batch: 64", "batch: 8")
    after = site.load()
    assert 8 == after.policy.outbox.batch
    assert (Kind.POLICY,) == drifted(after, kept(before))
    assert before.policy == in_force(after, kept(before)).policy


def test_other_texts_are_not_the_texts(site: Installation) -> None:
    before = site.load()
    path = site.folder / "templates" / TEAM_NOTICE
    path.write_text(path.read_text() + "More.\n")
    after = site.load()
    assert (Kind.TEMPLATES,) == drifted(after, kept(before))
    assert before.templates == in_force(after, kept(before)).templates


def test_a_text_that_a_new_version_brought_is_the_shipped_one(site: Installation) -> None:
    """And to have copied it is no change that somebody has to approve."""
    settings = site.load()
    held = kept(settings)
    older = {n: text for n, text in held[Kind.TEMPLATES].tree.items() if n != TEAM_NOTICE}
    held = {**held, Kind.TEMPLATES: Content(kind=Kind.TEMPLATES, tree=older)}
    assert () == drifted(settings, held)
    site.replace(f"templates/{TEAM_NOTICE}", "The lines above", "These lines")
    changed = site.load()
    assert (Kind.TEMPLATES,) == drifted(changed, held)
    assert settings.templates == in_force(changed, held).templates


def test_a_text_that_a_new_version_cannot_fill_is_the_shipped_one(site: Installation) -> None:
    settings = site.load()
    texts = {**settings.governed[Kind.TEMPLATES].tree, TEAM_NOTICE: "{{ what_was_there }}"}
    held = Content(kind=Kind.TEMPLATES, tree=texts)
    assert settings.templates == in_force(settings, {Kind.TEMPLATES: held}).templates
    assert held == completed(held)


def test_other_peers_and_addresses_are_not_believed(site: Installation) -> None:
    before = site.load()
    site.replace("gatekeeper.yaml", "domain: example.org", "domain: elsewhere.example")
    site.replace("gatekeeper.yaml", "port: 25\n", "port: 26\n")
    site.replace("gatekeeper.yaml", "forwarders: []", 'forwarders: ["@lists.example"]')
    site.replace("gatekeeper.yaml", '"::1/128"]', '"::1/128", 192.0.2.0/24]')
    after = site.load()
    assert (Kind.ADDRESSES,) == drifted(after, kept(before))
    used = in_force(after, kept(before))
    for name in ("own", "relay", "forwarders", "trusted_relays", "require_tls"):
        assert getattr(before, name) == getattr(used, name), name


def test_who_vouches_for_the_relay_is_governed_by_content(site: Installation) -> None:
    """Another file with the same authorities is none, the same file with others is one."""
    authority = site.folder / "authority.pem"
    make_certificate(authority, "relay.example")
    site.replace("gatekeeper.yaml", "  tls:\n  # Certificates", "  tls: starttls\n  # Certificates")
    site.replace("gatekeeper.yaml", "  ca_file:", "  ca_file: authority.pem")
    before = site.load()
    assert Tls.STARTTLS is before.relay.tls
    authority.rename(site.folder / "moved.pem")
    site.replace("gatekeeper.yaml", "ca_file: authority.pem", "ca_file: moved.pem")
    assert () == drifted(site.load(), kept(before))
    make_certificate(site.folder / "moved.pem", "other.example")
    after = site.load()
    assert (Kind.ADDRESSES,) == drifted(after, kept(before))
    assert before.relay == in_force(after, kept(before)).relay


def test_a_login_keeps_its_password_on_the_host(site: Installation) -> None:
    secret = site.folder / "password"
    secret.touch(mode=0o600)
    secret.write_text("hunter2")
    site.replace("gatekeeper.yaml", "  tls:\n  # Certificates", "  tls: starttls\n  # Certificates")
    site.replace(
        "gatekeeper.yaml", "  user:\n  password_file:", "  user: us\n  password_file: password"
    )
    before = site.load()
    held = kept(before)
    assert b"hunter2" not in held[Kind.ADDRESSES].dump()
    site.replace("gatekeeper.yaml", "user: us", "user: them")
    used = in_force(site.load(), held)
    assert ("us", SecretFile(path=secret)) == (used.relay.user, used.relay.password)
    site.replace(
        "gatekeeper.yaml", "  user: them\n  password_file: password", "  user:\n  password_file:"
    )
    with pytest.raises(Misconfigured, match="names no password"):
        in_force(site.load(), held)


@pytest.mark.parametrize(
    ("kind", "tree"),
    [
        (Kind.TEAM, {"people": [{"name": PEOPLE[0][0]}]}),
        (Kind.POLICY, {"outbox": {"gone": "1"}}),
        (Kind.ADDRESSES, {"relay": {"gone": "1"}}),
    ],
)
def test_what_this_version_cannot_use_is_said(
    site: Installation, kind: Kind, tree: dict[str, Tree]
) -> None:
    settings = site.load()
    held = replace(settings.governed[kind], tree=tree, certificates={})
    with pytest.raises(BadConfiguration, match="cannot be used") as caught:
        in_force(settings, {kind: held})
    assert " in force" in caught.value.diagnostics()
