"""The alias gets a new key, whole or not at all, and mail to the old one stays readable."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gatekeeper.config import former, rotation
from gatekeeper.config.certificates import examine
from gatekeeper.config.keyhome import codec_of, open_keys
from gatekeeper.config.rotation import rotate
from gatekeeper.domain.errors import Misconfigured, OurFault, Refusal
from gatekeeper.domain.instants import DAY, later
from gatekeeper.domain.protection import SignatureState
from gatekeeper.pgp.opening import Opened, open_message, verify_inline
from tests.config.installation import Installation, installation, use_offline_key
from tests.config.rotating import ensure_whole, names, opens, sealed_for
from tests.house import START
from tests.keys import gpg, short_home
from tests.sampling import SOAK

PARTS = 4


def test_everything_new_is_there_and_nothing_old_is_lost(site: Installation) -> None:
    """Files with their modes, a revocation certificate, and both keys at work."""
    before = site.load().alias
    done = rotate(site.load(), now=START)
    ensure_whole(site, before.fingerprint, done)
    settings = site.load()
    assert opens(site, sealed_for(before.certificate), sealed_for(settings.alias.certificate))
    modes = {path.name: path.stat().st_mode & 0o777 for path in (site.folder / "alias").iterdir()}
    assert {0o600} == {mode for name, mode in modes.items() if "sealed" in name or "revoc" in name}
    assert {0o600, 0o644} == {
        p.stat().st_mode & 0o777 for p in (site.folder / former.FOLDER).iterdir()
    }
    assert 0o700 == modes["former"]
    with short_home() as home:
        gpg(home, "--trust-model", "pgp", "--import-ownertrust")
        gpg(home, "--import", given=settings.alias.certificate)
        gpg(home, "--import", given=(site.folder / done.revocation).read_bytes())
        assert "pub:r:" in gpg(home, "--with-colons", "--list-keys").decode()


def test_the_comments_stay(site: Installation) -> None:
    """The settings change in four places, and in these alone."""
    before = (site.folder / "gatekeeper.yaml").read_text()
    done = rotate(site.load(), now=START)
    after = (site.folder / "gatekeeper.yaml").read_text()
    changed = [line for line in after.splitlines() if line not in before.splitlines()]
    assert [
        f"  fingerprint: {done.new}",
        f"  certificate: alias/{done.new}.asc",
        f"  secret: alias/{done.new}.sealed",
        f"  former: [{done.old}]",
    ] == changed
    assert len(before.splitlines()) == len(after.splitlines())


def test_a_second_rotation_keeps_both_former_keys(site: Installation) -> None:
    """The newest first; mail to each of the three is read."""
    blocks = [site.load().alias.certificate]
    first = rotate(site.load(), now=START)
    blocks.append(site.load().alias.certificate)
    second = rotate(site.load(), now=later(START, DAY))
    blocks.append(site.load().alias.certificate)
    assert [second.old, first.old] == [key.fingerprint for key in site.load().alias.former]
    assert first.new == second.old
    assert opens(site, *map(sealed_for, blocks))
    assert not (site.folder / first.certificate).exists()


def test_both_keys_sign_the_statement(site: Installation) -> None:
    old = site.load().alias
    done = rotate(site.load(), now=START)
    settings = site.load()
    statement = (site.folder / done.transition).read_bytes()
    assert done.old_signed
    with open_keys(settings, codec_of(settings)) as keys:
        _, found = verify_inline(keys.engine, statement, now=START)
    assert [(SignatureState.GOOD, old.fingerprint), (SignatureState.GOOD, done.new)] == [
        (one.state, one.fingerprint) for one in found
    ]
    assert b"SECRET" not in statement.upper()
    assert b"PRIVATE" not in statement


def test_a_key_that_has_ended_is_replaced_and_does_not_sign(site: Installation) -> None:
    """The service does not start with it; with the new one it does."""
    late = later(START, 3 * 365 * DAY)
    before = site.load().alias
    message = sealed_for(before.certificate)
    done = rotate(site.load(), now=late)
    statement = (site.folder / done.transition).read_bytes()
    assert not done.old_signed
    assert b"Only the new key signs" in statement
    settings = site.load()
    assert () == examine(settings, now=late)
    with open_keys(settings, codec_of(settings)) as keys:
        _, (found,) = verify_inline(keys.engine, statement, now=late)
        assert isinstance(open_message(keys.engine, message, now=late), Opened)
    assert (SignatureState.GOOD, done.new) == (found.state, found.fingerprint)


def test_a_key_whose_primary_is_offline_is_replaced_by_a_whole_one(site: Installation) -> None:
    old = use_offline_key(site).fingerprint
    before = site.load().alias.certificate
    done = rotate(site.load(), now=START)
    assert done.old_signed
    assert old == done.old
    settings = site.load()
    with open_keys(settings, codec_of(settings)) as keys:
        held = {cert.fingerprint: cert.primary_offline for cert in keys.keyring.list(START)}
    assert (True, False) == (held[old], held[done.new])
    assert opens(site, sealed_for(before), sealed_for(settings.alias.certificate))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  certificate: alias/certificate.asc\n", ""),
        ("  secret: alias/secret.sealed\n", ""),
        ("  former: []\n", ""),
        ("  former: []\n", "  former:\n"),
        ("  certificate: alias/certificate.asc\n", "  certificate: ./alias/certificate.asc # x\n"),
    ],
)
def test_settings_that_were_left_out_are_added(old: str, new: str, site: Installation) -> None:
    if new == "  former:\n":
        site.replace("gatekeeper.yaml", old, "")
    else:
        site.replace("gatekeeper.yaml", old, new)
    was = site.load().alias.fingerprint
    ensure_whole(site, was, rotate(site.load(), now=START))


def test_settings_in_braces_are_changed_too(site: Installation) -> None:
    text = (site.folder / "gatekeeper.yaml").read_text()
    was = site.load().alias.fingerprint
    start, end = text.index("alias:\n"), text.index("# A key of its own that signs")
    braces = f"alias: {{fingerprint: {was}, secret: alias/secret.sealed}}\n\n"
    (site.folder / "gatekeeper.yaml").write_text(text[:start] + braces + text[end:])
    ensure_whole(site, was, rotate(site.load(), now=START))


def test_files_elsewhere_stay_elsewhere(site: Installation, tmp_path: Path) -> None:
    """The secret of the key in use may lie on another volume."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (site.folder / "alias" / "secret.sealed").rename(elsewhere / "secret.sealed")
    site.replace("gatekeeper.yaml", "secret: alias/", f"secret: {elsewhere}/")
    done = rotate(site.load(), now=START)
    assert elsewhere / f"{done.new}.sealed" == site.load().alias.secret.path
    assert {f"{done.new}.sealed"} == names(elsewhere)


def test_only_one_command_at_a_time(site: Installation) -> None:
    settings = site.load()
    handle = os.open(site.folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(Refusal, match="another command"):
            rotate(settings, now=START)
    finally:
        os.close(handle)
    rotate(settings, now=START)
    with pytest.raises(Refusal, match="changed meanwhile"):
        rotate(settings, now=START)


def test_a_file_that_cannot_be_written_changes_nothing(site: Installation) -> None:
    """A folder stands where a file must be; once it is away, the run goes on."""
    was = site.load().alias.fingerprint
    (site.folder / former.certificate(was)).mkdir(parents=True)
    with pytest.raises(OurFault, match="cannot be written"):
        rotate(site.load(), now=START)
    assert was == site.load().alias.fingerprint
    (warning,) = examine(site.load(), now=START)
    assert warning.warning
    assert "gatekeeper key rotate" in warning.text
    (site.folder / former.certificate(was)).rmdir()
    done = rotate(site.load(), now=START)
    assert done.resumed
    ensure_whole(site, was, done)


def test_settings_that_cannot_be_changed_are_told_first(
    site: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "given", lambda text, *_, **__: text)
    before = names(site.folder / "alias")
    with pytest.raises(Misconfigured, match="cannot be changed by this command"):
        rotate(site.load(), now=START)
    assert before == names(site.folder / "alias")


@pytest.mark.parametrize("note", [b"", b"{}", b"[]", b'{"old": 1}', b"\xff"])
def test_a_note_of_an_earlier_run_that_says_nothing_is_passed_over(
    note: bytes, site: Installation
) -> None:
    staging = site.folder / rotation.STAGING
    staging.mkdir()
    (staging / "ready.json").write_bytes(note)
    (staging / "secret.sealed").write_bytes(b"old")
    was = site.load().alias.fingerprint
    done = rotate(site.load(), now=START)
    assert not done.resumed
    ensure_whole(site, was, done)


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """What a rotation leaves that is killed before one of its steps: a copy of the folder."""

    step: str
    folder: Path


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, list[Killed]]]:
    """Lend what a rotation leaves when it is killed at each of its steps, in their order."""
    top = tmp_path_factory.mktemp("killed")
    found: list[Killed] = []
    with installation(top) as site, pytest.MonkeyPatch.context() as patch:
        settings = site.load()

        def watched(name: str) -> Callable[..., object]:
            real = getattr(Path, name)

            def step(self: Path, *arguments: object, **options: object) -> object:
                if self.is_relative_to(site.folder) and (name == "mkdir" or self.exists()):
                    copy = top / f"{len(found):02}"
                    shutil.copytree(site.folder, copy, copy_function=shutil.copy2)
                    found.append(Killed(step=f"{name} {self.name}", folder=copy))
                return real(self, *arguments, **options)

            return step

        for name in ("mkdir", "replace", "unlink", "rmdir"):
            patch.setattr(Path, name, watched(name))
        rotate(settings, now=START)
        patch.undo()
        yield site, found


def test_a_rotation_has_steps(killed: tuple[Installation, list[Killed]]) -> None:
    """The settings are replaced once, after everything new and before anything old goes."""
    _, found = killed
    steps = [one.step for one in found]
    change = steps.index("replace .gatekeeper.yaml.new")
    assert 1 == sum("gatekeeper.yaml" in step for step in steps)
    assert {"mkdir", "replace"} == {step.split()[0] for step in steps[:change]}
    assert {"unlink", "rmdir"} == {step.split()[0] for step in steps[change + 1 :]}
    assert "unlink ready.json" == steps[-2]
    assert len(steps) > 20


@pytest.mark.parametrize("part", range(PARTS))
def test_whoever_dies_on_the_way_leaves_one_key_or_the_other(
    part: int, killed: tuple[Installation, list[Killed]]
) -> None:
    """What is left works, with no error in it, and the next run brings it to its end."""
    made, found = killed
    old = made.load().alias.former[0]
    message = sealed_for(old.certificate)
    for one in found[part :: PARTS if SOAK else 2 * PARTS]:
        site = Installation(folder=one.folder, environ=made.environ)
        settings = site.load()
        problems = examine(settings, now=START)
        assert [] == [problem for problem in problems if not problem.warning], one.step
        assert opens(site, message), one.step
        done = rotate(settings, now=START)
        if settings.alias.fingerprint != old.fingerprint:
            assert done.resumed or one.step.startswith("rmdir"), one.step
        if one.step.startswith("rmdir"):
            continue
        ensure_whole(site, old.fingerprint, done)
        assert opens(site, message, sealed_for(site.load().alias.certificate)), one.step
