"""Say why a mail may not command: who signed it, when, for which installation, and what of it.

A command is believed when one good signature of a team member covers the whole message, From is
that member's address, the signature is fresh, and what it covers names this installation (design:
mail, "Team commands by mail"; promise P-9). That it is used once is for `store.seen` to say, by
the digest made here.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Final

from gatekeeper.domain.address import Address, OwnAddresses, Route
from gatekeeper.domain.instants import DAY, HOUR, MINUTE, Instant, spoken
from gatekeeper.domain.protection import SignatureState
from gatekeeper.domain.verdict import Verdict
from gatekeeper.issues.commands import Command, parse
from gatekeeper.issues.reading import SIGNED_OUTSIDE
from gatekeeper.issues.reply_text import own_words
from gatekeeper.issues.verbs import VERBS
from gatekeeper.issues.written import Written, written
from gatekeeper.mail.reading import Reading

_OLDEST: Final = DAY
_AHEAD: Final = 2 * MINUTE
_S: Final = SignatureState
_SIGN: Final = "sign the whole mail with your key (PGP/MIME) and send it again"
_STATES: Final = {
    _S.GOOD: "it is signed with a key that is no team member's here; use your key",
    _S.BAD: "its signature is BAD: the mail was changed on its way; send it again",
    _S.UNKNOWN_SIGNER: "it is signed with a key that is unknown here; use your key",
    _S.EXPIRED_KEY: "it is signed with a key that has expired; have the renewed key put in",
    _S.EXPIRED_SIGNATURE: f"its signature has expired; {_SIGN}",
    _S.REVOKED_KEY: "it is signed with a REVOKED key; use the key that is yours now",
    _S.WEAK: "its signature uses a digest that is no longer safe; sign with SHA-256 or better",
    _S.UNCHECKED: f"its signature could not be checked; {_SIGN}",
}


def objections(
    *,
    verdict: Verdict,
    reading: Reading,
    received_at: Instant,
    own: OwnAddresses,
    commands: Sequence[Command],
    prefix: str,
) -> tuple[str, ...]:
    """Return why the `commands` of a mail may not be obeyed, one sentence each; () when they may.

    `commands` are what `parse(written(reading).text)` gave; others are refused, and none need to
    name this installation. `received_at` is when we took the mail: waiting here makes none stale.
    """
    text = written(reading)
    return (
        *_signature(verdict, reading),
        *_sender(verdict),
        *_moment(verdict, received_at),
        *_place(text, own, commands, prefix),
        *text_objections(reading, commands),
    )


def text_objections(reading: Reading, commands: Sequence[Command]) -> tuple[str, ...]:
    """Return why the text of a mail may not be read for these commands, whoever wrote it."""
    text = written(reading)
    found: list[str] = []
    if text.html_only:
        found.append("its commands are in HTML only; send them as plain text")
    elif tuple(commands) != parse(text.text).commands:
        found.append("not all of its commands stand in the signed text; write them there")
    if any(VERBS[command.verb].takes_text for command in commands):
        found += text.doubts
    return tuple(found)


def signed_digest(reading: Reading) -> bytes | None:
    """Return 32 bytes by which a signed mail is known again, None when none is good.

    They are over what was signed, by whom and when. So they stay the same when the mail is
    encrypted anew, wrapped otherwise, or given blanks and line ends that the signature does not
    cover, and when the parts of the signature that it does not hash are changed.
    """
    if len(reading.protection.signatures) != 1 or reading.signed is None:
        return None
    signature = reading.protection.signatures[0]
    if signature.state is not _S.GOOD or signature.fingerprint is None:
        return None
    about = f"{signature.fingerprint} {signature.made_at}\n".encode()
    return hashlib.sha256(about + reading.signed).digest()


def is_fresh(made_at: Instant, received_at: Instant) -> bool:
    """Say whether what was signed then and taken at `received_at` may still change something."""
    return received_at - _OLDEST <= made_at <= received_at + _AHEAD


def _signature(verdict: Verdict, reading: Reading) -> Iterator[str]:
    if verdict.signer is not None:
        return
    protection = reading.protection
    if protection.unreadable is not None:
        yield f"it could not be opened: {protection.unreadable}; encrypt it to our present key"
    elif len(protection.signatures) > 1:
        yield "it carries several signatures, of which none counts; sign it once"
    elif protection.signatures:
        yield _STATES[protection.signatures[0].state]
    elif SIGNED_OUTSIDE in reading.problems:
        yield "it is signed outside of the encryption, where anybody can sign; sign, then encrypt"
    else:
        yield f"it is not signed, or not as a whole; {_SIGN}"


def _sender(verdict: Verdict) -> Iterator[str]:
    if verdict.signer is not None and not verdict.from_confirmed:
        yield "its From is not the address registered for the key that signed it; send it from that"


def _moment(verdict: Verdict, received_at: Instant) -> Iterator[str]:
    if verdict.signer is None:
        return
    if verdict.made_at is None:
        yield f"its signature does not say when it was made; {_SIGN}"
    elif verdict.made_at < received_at - _OLDEST:
        hours = _OLDEST // HOUR
        yield (
            f"it was signed {spoken(verdict.made_at)}, more than {hours} hours before it arrived;"
            " sign and send it again"
        )
    elif verdict.made_at > received_at + _AHEAD:
        yield (
            f"it was signed {spoken(verdict.made_at)}, which is after it arrived; set the clock of"
            " your machine, sign and send it again"
        )


def _place(
    text: Written, own: OwnAddresses, commands: Sequence[Command], prefix: str
) -> Iterator[str]:
    """Name what shows that the mail is for another installation, or that nothing shows which."""
    if commands and all(command.verb == "help" for command in commands):
        return  # to ask for help changes nothing, wherever it was meant for
    here = own.security.domain.lower()
    domains = {command.domain for command in commands if command.domain}
    for command in commands:
        if command.issue is not None and command.issue.prefix != prefix:
            yield f"{command.issue} is no issue of this installation; its ids begin with {prefix}-"
    for domain in sorted(domains - {here}):
        yield f"a command is for {domain}; this installation is {here}"
    if not commands or domains or any(_is_alias(address, own) for address in text.recipients):
        return
    if not _names(own_words(text.text), own.security):
        issue = next((each.issue for each in commands if each.issue), None)
        example = f'"!{issue}@{here} …", or ' if issue is not None else ""
        yield (
            "nothing inside the signature says that it is for this installation; write"
            f" {example}the address {own.security} in your text"
        )


def _is_alias(address: Address, own: OwnAddresses) -> bool:
    destination = own.route(address)
    return destination is not None and destination.route is Route.SECURITY


def _names(text: str, alias: Address) -> bool:
    """Say whether `text` names the alias, and not an address that merely holds it."""
    pattern = rf"(?<![\w.!#$%&'*+/=?^`{{|}}~@-]){re.escape(str(alias))}(?![\w@-]|\.\w)"
    return re.search(pattern, text, re.IGNORECASE) is not None
