"""How alike reports are: nearly one text, or the same telling words; computed on this machine.

Words weigh more the fewer reports use them (inverse document frequency), names out of code most of
all, for two people who found one fault name the same function and seldom write the same sentence.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from rapidfuzz import fuzz, process
from rapidfuzz.distance import Levenshtein

K = TypeVar("K", bound=Hashable)

TEXT_MAX: Final = 4_000
"""Characters of a text that are compared: what is found stands at the beginning of a report."""

SUGGESTED: Final = 22
"""The score from which people are asked to look."""

_COPY: Final = 85
"""Of 100: texts that are so much alike were written once."""

_COPY_LENGTH: Final = 80
"""Characters that a text has at least, of which another is called a copy."""

_WORDS_MAX: Final = 250
_WORDS_LEAST: Final = 10
_SHARED_LEAST: Final = 4
_FEW: Final = 50
"""Reports that are taken for so many: else a word of two of three reports would count as common."""

_NAMED: Final = 5
"""Words that both use which people are shown."""

_LOOKED_AT: Final = 20
"""Reports that are compared letter by letter, the likest by their words."""

_SPELT_ALIKE: Final = 0.8
"""How alike the letters of two words are (0 to 1) that are taken for one: overflow, overflows."""

_WORD: Final = re.compile(r"\w+(?:\.\w+)*")
_NUMBER: Final = re.compile(r"[0-9.]+")
_OF_CODE: Final = re.compile(r"[a-z][._0-9]|[._][a-z]")
_ARMOR: Final = re.compile(
    r"-----BEGIN PGP SIGNED MESSAGE-----\r?\n(?:Hash: [^\n]*\n)*"
    r"|-----BEGIN PGP [A-Z ,/0-9]{3,40}-----.*?(?:-----END PGP [A-Z ,/0-9]{3,40}-----|\Z)",
    re.DOTALL,
)
"""What OpenPGP puts around or in place of words (RFC 9580 §6.2, §7): nobody wrote it."""

_WORDS_OF_ALL: Final = """
about advisory affected after again all allow allowed allows also any and are because been
before best but can cannot case could crash dear did does each example find following for
found from get gets give given has have hello here hi how however http https if into issue its
just kind know let like made make may might more most much not now one only other our out over
please possible problem product project regards report reported reporter reproduce same see
security send should since some such team than thank thanks that the their them then there
these they this those through time under until use used user using version versions very via
vulnerability vulnerable was way were what when where which while who will with without would
you your
"""
_COMMON: Final = frozenset(_WORDS_OF_ALL.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What somebody reported: the subject, and the text without quotations."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness(Generic[K]):
    """How much an earlier report is like a new one, from 0 to 100.

    `shared` are the most telling words of both · `copy` says that the texts are nearly the same.
    """

    of: K
    score: int
    shared: tuple[str, ...]
    copy: bool


def likest(new: Reported, earlier: Mapping[K, Reported], *, most: int) -> tuple[Likeness[K], ...]:
    """Return up to `most` of the earlier reports that may be about the same, the likest first.

    Nothing is known by it: it is for people to decide. Reports of a few words are like none.
    """
    mine = _words(new)
    theirs = {key: _words(each) for key, each in earlier.items()}
    weights = _weights([mine, *theirs.values()])
    near = sorted(theirs, key=lambda key: _alike(mine, theirs[key], mine & theirs[key], weights))
    found = [_compared(key, new, earlier[key], weights) for key in near[: -_LOOKED_AT - 1 : -1]]
    told = [each for each in found if each.score >= SUGGESTED]
    return tuple(sorted(told, key=lambda each: -each.score)[:most])


def _compared(
    key: K, new: Reported, earlier: Reported, weights: Mapping[str, float]
) -> Likeness[K]:
    mine, theirs = _words(new), _words(earlier)
    shared = _shared(mine, theirs)
    few = min(len(mine), len(theirs)) < _WORDS_LEAST or len(shared) < _SHARED_LEAST
    score = 0 if few else round(100 * _alike(mine, theirs, shared, weights))
    copied = _copied(new, earlier)
    telling = sorted(shared, key=lambda word: (-weights[word], word))
    return Likeness(
        of=key,
        score=max(score, copied),
        shared=tuple(telling[:_NAMED]),
        copy=copied >= _COPY,
    )


def _copied(new: Reported, earlier: Reported) -> int:
    """Return how much two texts are one, 0 when that says nothing or less than a copy is."""
    texts = [" ".join(_written(each).split()).casefold() for each in (new, earlier)]
    if min(map(len, texts)) < _COPY_LENGTH:
        return 0
    return int(fuzz.ratio(*texts, score_cutoff=_COPY))


def _written(report: Reported) -> str:
    return _ARMOR.sub("", report.text[: 2 * TEXT_MAX])[:TEXT_MAX]


def _words(report: Reported) -> frozenset[str]:
    """Return the words of a report by which it may be known."""
    text = f"{report.subject}\n{_written(report)}".casefold()
    found = dict.fromkeys(match[0] for match in _WORD.finditer(text))
    kept = [word for word in found if 2 < len(word) <= 60 and _tells(word)]
    return frozenset(kept[:_WORDS_MAX])


def _tells(word: str) -> bool:
    return word not in _COMMON and not _NUMBER.fullmatch(word)


def _weights(reports: Collection[frozenset[str]]) -> Mapping[str, float]:
    used = Counter(word for words in reports for word in words)
    all_ = max(len(reports), _FEW)
    return {
        word: (math.log(1 + all_ / number) * (2 if _OF_CODE.search(word) else 1)) ** 2
        for word, number in used.items()
    }


def _shared(mine: frozenset[str], theirs: frozenset[str]) -> frozenset[str]:
    """Return the words of ours that they use as well, perhaps with another ending."""
    exactly = mine & theirs
    rest = sorted(theirs - exactly)
    spelt = {
        word
        for word in mine - exactly
        if process.extractOne(
            word, rest, scorer=Levenshtein.normalized_similarity, score_cutoff=_SPELT_ALIKE
        )
    }
    return exactly | spelt


def _alike(
    mine: frozenset[str],
    theirs: frozenset[str],
    shared: frozenset[str],
    weights: Mapping[str, float],
) -> float:
    """Return the weight of the shared words against that of both reports, from 0 to 1."""
    both = math.sqrt(_weight(mine, weights) * _weight(theirs, weights))
    return min(1.0, _weight(shared, weights) / both) if both else 0.0


def _weight(words: frozenset[str], weights: Mapping[str, float]) -> float:
    return math.fsum(weights[word] for word in words)
