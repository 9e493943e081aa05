"""What mail programs put around an answer is told from what its writer wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.issues.quoting import Origin, sort

O = Origin  # noqa: E741 - a table of origins reads better short


def origins(text: str) -> list[Origin]:
    found = sort(text.split("\n"))
    assert () == found.doubts
    return list(found.origins)


def doubts(text: str) -> list[str]:
    return [f"{doubt.line}: {doubt.words}" for doubt in sort(text.split("\n")).doubts]


ATTRIBUTIONS = {
    "gmail": "On Thu, 3 Sep 2026 at 10:00, Robin Example <robin@research.example> wrote:",
    "gmail in two lines": "On Thu, Sep 3, 2026 at 10:00 AM Robin\n<r@research.example> wrote:",
    "thunderbird": "On 9/3/26 10:00, Robin Example wrote:",
    "apple": "On 3. Sep 2026, at 10:00, Robin Example <r@research.example> wrote:",
    "mutt": "Robin Example wrote on Thu, Sep 03, 2026 at 10:00:00AM +0000:",
    "de thunderbird": "Am 03.09.26 um 10:00 schrieb Robin Example:",
    "de gmail": "Am Do., 3. Sept. 2026 um 10:00 Uhr schrieb Robin <\nr@research.example>:",
    "de geschrieben": "Robin Example hat am 03.09.2026 10:00 geschrieben:",
    "de other order": "Robin Example schrieb am 03.09.2026:",
    "fr": "Le jeu. 3 sept. 2026 à 10:00, Robin <r@research.example> a écrit :",
    "fr no-break": "Le 03/09/2026 à 10:00, Robin Example a écrit\u00a0:",
    "es": "El jue, 3 sept 2026 a las 10:00, Robin (<r@research.example>) escribió:",
    "it": "Il giorno gio 3 set 2026 alle ore 10:00 Robin ha scritto:",
    "pt": "Em qui., 3 de set. de 2026 às 10:00, Robin <r@research.example> escreveu:",
    "nl": "Op do 3 sep. 2026 om 10:00 schreef Robin <r@research.example>:",
    "sv": "Den tors 3 sep. 2026 kl 10:00 skrev Robin <r@research.example>:",
    "pl": "W dniu 03.09.2026 o 10:00 Robin pisze, napisał(a):",
    "ru": "чт, 3 сент. 2026 г. в 10:00, Robin <r@research.example> написал:",
    "zh": "Robin <r@research.example> 于2026年9月3日周四 10:00写道\uff1a",
    "any other, before a quote": "2026-09-03 10:00 Robin Example <r@research.example>:",
}

DIVIDERS = {
    "outlook": "-----Original Message-----",
    "outlook de": "-----Ursprüngliche Nachricht-----",
    "outlook fr": "-----Message d'origine-----",
    "outlook fr typographic": "-----Message d\u2019origine-----",
    "outlook es": "-----Mensaje original-----",
    "outlook it": "-----Messaggio originale-----",
    "spaced": "-------- Original Message --------",
    "gmail forward": "---------- Forwarded message ---------",
    "gmail forward de": "---------- Weitergeleitete Nachricht ---------",
    "apple forward": "Begin forwarded message:",
    "apple forward de": "Anfang der weitergeleiteten Nachricht:",
    "apple forward fr": "Début du message réexpédié :",
    "head": "From: Robin <r@research.example>\nSent: Thursday, 3 September 2026\nTo: Security",
    "head bold": "*From:* Robin <r@research.example>\n*Sent:* Thursday\n*To:* Security",
    "head de": "Von: Robin\nGesendet: Donnerstag, 3. September 2026\nAn: Security\nBetreff: x",
    "head fr": "De : Robin\nEnvoyé : jeudi 3 septembre 2026 10:00\nÀ : Security\nObjet : x",
    "head es": "De: Robin\nEnviado el: jueves, 3 de septiembre de 2026\nPara: Security",
    "head apple": "From: Robin <r@research.example>\nSubject: x\nDate: 3 September 2026\nTo: us",
    "head with copies": "From: Robin\nTo: Security\nCc: Others\nImportance: High\nSent: Thursday",
    "head folded": "From: Robin\nTo: Security,\n Others\nDate: Thursday",
    "outlook web": "________________________________\nFrom: Robin\nSent: Thursday",
    "outlook web, blank": "________________________________\n\nVon: Robin\nGesendet: Donnerstag",
}


@pytest.mark.parametrize("name", ATTRIBUTIONS)
def test_an_attribution_goes_with_what_it_introduces(name: str) -> None:
    said = ATTRIBUTIONS[name]
    count = said.count("\n") + 1
    expected = [O.OWN, O.BLANK, *[O.ATTRIBUTION] * count, O.QUOTED, O.BLANK, O.OWN]
    assert expected == origins(f"Mine.\n\n{said}\n> Theirs.\n\nMine.")


@pytest.mark.parametrize("said", ["Robin Example wrote:", "Robin Example writes:", "R schrieb:"])
def test_a_name_alone_goes_with_a_quote_and_stays_without(said: str) -> None:
    """Thunderbird and Gnus can be set to write nothing but who wrote."""
    assert [O.OWN, O.ATTRIBUTION, O.QUOTED] == origins(f"Mine.\n{said}\n> theirs")
    assert [O.OWN, O.OWN, O.OWN] == origins(f"Mine.\n{said}\nMine, too.")


@pytest.mark.parametrize("name", [name for name in ATTRIBUTIONS if "any other" not in name])
def test_an_attribution_before_a_blank_line_and_a_quote(name: str) -> None:
    said = ATTRIBUTIONS[name]
    count = said.count("\n") + 1
    assert [*[O.ATTRIBUTION] * count, O.BLANK, O.QUOTED] == origins(f"{said}\n\n>> Theirs.")
    assert [*[O.ATTRIBUTION] * count, O.BLANK] == origins(f"{said}\n")


@pytest.mark.parametrize("name", [name for name in ATTRIBUTIONS if "any other" not in name])
def test_an_attribution_without_a_quote_is_in_doubt(name: str) -> None:
    """Programs that quote without a mark would give their text away as the writer's own."""
    found = doubts(f"Mine.\n{ATTRIBUTIONS[name]}\nTheirs, unmarked.")
    assert 1 == len(found)
    assert found[0].startswith("1: says that somebody wrote what follows")


@pytest.mark.parametrize("name", DIVIDERS)
def test_all_below_a_divider_is_not_written_here(name: str) -> None:
    divider = DIVIDERS[name]
    count = divider.count("\n") + 1
    assert [O.OWN, O.BLANK, *[O.BELOW] * (count + 2)] == origins(
        f"Mine.\n\n{divider}\n\nTheirs, unmarked."
    )


@pytest.mark.parametrize(
    "text",
    [
        "On balance, we think so.\nIt is written that 10:00 is the hour:\nnoon",
        "As follows:\n\n  echo 1 > /proc/x\n  a -> b",
        "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n-----END PGP PUBLIC KEY BLOCK-----",
        "--- a/parser.c\n+++ b/parser.c\n@@ -1,2 +1,2 @@\n-from: x\n+to: y",
        "----------\nA heading\n----------\ntext",
        "From the log we see:\nTo: nothing",
        "From: the beginning, it was wrong.\nThat is all.",
        "Sent: twice",
        "---",
        "Let me say at 10:00:\nyes",
        "The original message was lost.",
        "On Monday",
        "--verbose\n--",
    ],
)
def test_ordinary_words_are_the_writers(text: str) -> None:
    """What only resembles a quotation stays."""
    found = set(origins(text.removesuffix("\n--")))
    assert found <= {O.OWN, O.BLANK}


def test_the_line_before_an_attribution_stays() -> None:
    assert [O.OWN, O.ATTRIBUTION, O.QUOTED] == origins(
        "On the whole you are right\nOn 3 Sep 2026, Robin wrote:\n> x"
    )


@pytest.mark.parametrize("mark", ["-- ", "--", "-- \u00a0"])
def test_a_signature_reaches_to_the_end(mark: str) -> None:
    assert [O.OWN, O.SIGNATURE, O.SIGNATURE] == origins(f"Mine.\n{mark}\nAndrea, Example Ltd")


def test_a_long_signature_is_in_doubt() -> None:
    """A line of two dashes in the middle of a text must not swallow the rest of it."""
    assert [
        "1: begins a signature, but much text follows; delete the line, or the text after it"
    ] == (doubts("Mine.\n--\n" + "More of mine.\n" * 16))
    assert [] == doubts("Mine.\n-- \n" + "Name\n" * 15 + "\n> quoted\n" * 20)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("RE> Theirs.\nMine.", "0: looks quoted by initials"),
        (">From the beginning.\nMine.", "0: begins with >From"),
        ("Mine:\nFrom: r@research.example\nTo: us", "1: looks like the head of an older mail"),
    ],
)
def test_what_is_only_likely_is_in_doubt(text: str, words: str) -> None:
    (found,) = doubts(text)
    assert found.startswith(words)


def test_quoted_from_is_no_doubt_among_quoted_lines() -> None:
    assert [] == doubts("> a\n>From the beginning.\n> b")


@pytest.mark.parametrize("line", [">", "> x", ">>> x", "   > x", "\t>x", "\u00a0> x"])
def test_a_line_is_quoted_at_any_depth(line: str) -> None:
    assert [O.QUOTED] == origins(line)


LINES = st.sampled_from(
    [
        *(
            "",
            "Mine.",
            "> Theirs.",
            "-- ",
            "From: x",
            "Sent: y",
            "To: z",
            "-----Original Message-----",
        ),
        *(
            "On 3 Sep 2026, R wrote:",
            "!SEC-2026-0007 own",
            "AB> x",
            ">From x",
            "__________",
            "a: 10:00:",
        ),
    ]
)


@given(st.lists(st.one_of(LINES, st.text(max_size=80)), max_size=30))
def test_every_line_has_its_origin(lines: list[str]) -> None:
    found = sort(lines)
    assert len(lines) == len(found.origins)
    assert all(0 <= doubt.line < len(lines) for doubt in found.doubts)
    for line, origin in zip(lines, found.origins, strict=True):
        if origin is O.BLANK:
            assert not line.strip()
        if origin is O.OWN:
            assert not line.lstrip().startswith(">")


@given(st.lists(LINES, max_size=20), st.lists(LINES, max_size=20))
def test_nothing_comes_back_after_a_divider(before: list[str], after: list[str]) -> None:
    lines = [*before, "-----Original Message-----", *after]
    assert O.OWN not in sort(lines).origins[len(before) :]
