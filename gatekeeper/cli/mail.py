"""`gatekeeper mail`: one mail as the service would read it; and what lies in quarantine."""

import argparse
from typing import Final

from gatekeeper.cli import quarantine
from gatekeeper.cli.grammar import Verbs, noun, verb

_REMEDY: Final = "name a file that holds one mail, see intake.message_bytes in policy.yaml"


def add(nouns: Verbs) -> None:
    """Declare the noun."""
    verbs = noun(nouns, "mail", text="single mails")
    parser = verb(
        verbs,
        "inspect",
        run=inspect,
        text="print as JSON how the service would read a mail; no database",
        more="Opens and verifies with the configured keys. Nothing is stored, sent or recorded.",
        example="gatekeeper mail inspect report.eml",
        shows=False,
    )
    parser.add_argument("--json", action="store_true", help="the only form there is")
    parser.add_argument("file", metavar="FILE", help="a mail as received (RFC 5322), or -")
    quarantine.add(verbs)


def inspect(options: argparse.Namespace) -> int:
    """Print what stages 3 and 4 find."""
    from gatekeeper import clock
    from gatekeeper.cli.given import given
    from gatekeeper.cli.mail_values import envelope_of, offered, value
    from gatekeeper.cli.opening import settings_of
    from gatekeeper.cli.terminal import emit_json
    from gatekeeper.config.keyhome import ADDRESS_TOKENS, codec_of, open_keys
    from gatekeeper.inbound.classify import classify
    from gatekeeper.inbound.decrypt import decrypt
    from gatekeeper.issues.key_offers import examined
    from gatekeeper.issues.reading import Reader

    settings = settings_of(options)
    codec = codec_of(settings)
    raw = given(options.file, limit=settings.policy.intake.message_bytes, remedy=_REMEDY)
    with open_keys(settings, codec) as keys:
        reader = Reader(engine=keys.engine, limits=settings.policy.reading)
        reading = decrypt(reader, raw)
        offers = examined(keys.engine, reading, clock.now())
        brought = [offer.guest.certificate for offer in offers if offer.guest is not None]
        if brought and reading.protection.signatures:
            # As the service does: it proves that the sender holds that key, and no more.
            reading = reader.read(raw, brought)
    envelope = envelope_of(reading.mail, settings.own)
    classified = classify(reading, envelope, settings.own, codec.key(ADDRESS_TOKENS))
    emit_json(value(reading, classified, envelope, settings) | {"keys": offered(offers)})
    return 0
