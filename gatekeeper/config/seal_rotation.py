"""A new master key while the service runs: known to all first, then in use, then alone.

1. The database notes the id of a new key, and the key is put first in the file; the old one stays
   below it and opens what it sealed.
2. Every process that runs on the database has to know the new key, or nothing goes on.
3. In one commit the database names the new key: whatever is written from then on is sealed with
   it, by whomever (`store.sealing`).
4. What the old key sealed is sealed anew, row by row; the files that it wrapped are wrapped anew.
5. Only when nothing is left that it opens, the old key is taken out of the file and put aside.

Whoever is killed leaves keys that open everything, and the next run goes on from there, as the
database tells: by the key that was begun with, or the former one. Lines of the file alone do not
tell it, since people put old keys back there to read old backups. A run that finds nothing begun
makes a new key, whatever else stands in the file: somebody may have stolen what was in use.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from gatekeeper.config import master_keys, rotation
from gatekeeper.config.keyhome import codec_of
from gatekeeper.config.replacing import changing
from gatekeeper.config.settings import Settings
from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.instants import Instant
from gatekeeper.store import audit, processes, resealing, sealing
from gatekeeper.store.engine import Store
from gatekeeper.store.masterkey import KEYS_MAX, MasterKey
from gatekeeper.store.processes import ProcessRow
from gatekeeper.store.sealing import KeyState
from gatekeeper.store.tx import Tx

WAIT_SECONDS: Final = 90
"""How long processes may take to tell that they know a key: one that died is forgotten by then."""

_AGAIN: Final = "then run this again: gatekeeper db seal rotate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was done; `resumed` says that an earlier run had begun it.

    `values` and `files` were sealed anew by this run · `aside` is where the keys that are in use
    no more lie now, None when there were none or they were not to be kept.
    """

    key: str
    former: tuple[str, ...]
    values: int
    files: int
    aside: Path | None
    resumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What a run works with.

    `say` hears of every step, `pause` waits some seconds, `actor` is who asked for it.
    """

    say: Callable[[str], None]
    pause: Callable[[float], None]
    now: Callable[[], Instant]
    actor: str


def rotate(
    settings: Settings,
    store: Store,
    hands: Hands,
    *,
    aside: Path | None = None,
    discard: bool = False,
    only_finish: bool = False,
) -> Outcome:
    """Replace the master key, or bring to its end what an earlier run or another host began.

    With `only_finish` no new key is made, and what is left of keys that were replaced goes, too.
    The old key goes to the file `aside`, beside its own
    file if that is None, nowhere with `discard`. Refusal when some process does not know the new
    key, or values do not open: then both keys stay in use, and nothing is lost.
    """
    with changing(settings.folder):
        if rotation.unfinished(settings.folder):
            message = "the alias's key is being replaced, and that has not ended"
            raise Refusal(message, remedy="run `gatekeeper key rotate` first")
        master_keys.require_changeable(settings)
        keys, state = master_keys.held(settings), store.read(sealing.state)
        begun = _begun(keys, state)
        if begun is None and only_finish:
            begun = _left_over(keys, state)
        former = _others(keys, begun, replaced=state.former or state.sealing)
        if former and not discard:
            master_keys.require_free(settings, former, aside)
        new = begun or _begin(settings, store, hands, keys, state)
        if new.key_id != state.sealing:
            _take_up(store, hands, new)
        values = _seal_anew(store, hands)
        files = _wrap_anew(settings, hands, new)
        _retire(store, hands)
        put = None if discard or not former else master_keys.put_aside(settings, former, aside)
        hands.say(f"the old key is put aside: {put}" if put else "the old key is kept nowhere")
        master_keys.keep(settings, (new,))
        hands.say(f"the key {new.name} is in use alone")
    return Outcome(
        key=new.name,
        former=tuple(key.name for key in former),
        values=values,
        files=files,
        aside=put,
        resumed=begun is not None,
    )


def _begun(keys: Sequence[MasterKey], state: KeyState) -> MasterKey | None:
    """Return the key of a change that began and has not ended, as the database tells."""
    if state.former is not None:
        return next(key for key in keys if key.key_id == state.sealing)
    unused = (key for key in keys if key.key_id not in {state.sealing, *state.retired})
    return next((key for key in unused if key.key_id == state.begun), None)


def _others(
    keys: Sequence[MasterKey], but: MasterKey | None, *, replaced: bytes
) -> tuple[MasterKey, ...]:
    """Return the keys to put aside; the one that is replaced comes first, and names their file."""
    others = (key for key in keys if key != but)
    return tuple(sorted(others, key=lambda key: key.key_id != replaced))


def _left_over(keys: Sequence[MasterKey], state: KeyState) -> MasterKey:
    """Return the key in use, when files or lines of replaced ones are left; Refusal if none are."""
    others = {key.key_id for key in keys} - {state.sealing}
    # A key that the database does not know may be the newer one of both.
    if not others or not others <= set(state.retired):
        raise Refusal(
            "no change of the master key is under way",
            remedy="nothing to do; for a new key, run this without --finish",
        )
    return next(key for key in keys if key.key_id == state.sealing)


def _begin(
    settings: Settings, store: Store, hands: Hands, keys: Sequence[MasterKey], state: KeyState
) -> MasterKey:
    """Make a new key, note it, put it first in the file, and return it."""
    if len(keys) >= KEYS_MAX:
        message = f"{settings.master_key.path} has {len(keys)} lines, and room for no new key"
        raise Refusal(message, remedy="keep the lines of old backups in another file")
    in_use = next(key for key in keys if key.key_id == state.sealing)
    others = {key.key_id for key in keys} - {state.sealing}
    if others <= set(state.retired) and master_keys.wrapped_by_others(settings, state.sealing):
        raise Refusal(
            "files of this host are wrapped with a key that was replaced",
            reason="a change that was made on another host has not ended on this one",
            remedy=f"run this first: gatekeeper db seal rotate --finish; for a new key, {_AGAIN}",
        )
    new = in_use.successor()
    store.write(partial(sealing.begin, new=new.key_id))
    master_keys.keep(settings, (new, *keys))
    hands.say(f"made the key {new.name}; the old one stays in use beside it")
    return new


def _take_up(store: Store, hands: Hands, new: MasterKey) -> None:
    """Have the database name the new key, once every process knows it."""
    for second in range(WAIT_SECONDS):
        ignorant = store.read(lambda tx: _ignorant(tx, new, hands.now()))
        if not ignorant:
            break
        if second == 0:
            hands.say(f"waiting until these know the key: {_named(ignorant)}")
        hands.pause(1)
    hands.say(f"every process knows the key {new.name}")

    def take_up(tx: Tx) -> None:
        _require_known(tx, new, hands.now())
        old = sealing.state(tx).sealing
        sealing.change(tx, new=new.key_id)
        _note(tx, hands, "seal.changing", old=old.hex(), new=new.name)

    store.write(take_up)
    hands.say(f"whatever is written now is sealed with the key {new.name}")


def _require_known(tx: Tx, new: MasterKey, now: Instant) -> None:
    ignorant = _ignorant(tx, new, now)
    if ignorant:
        raise Refusal(
            f"the key {new.name} is not known to {_named(ignorant)}",
            reason="the old key stays in use, and nothing was sealed with the new one",
            remedy=(
                "put the same file of master keys on each host; restart a service whose key is a "
                f"systemd credential, which is read at its start alone; {_AGAIN}"
            ),
        )


def _ignorant(tx: Tx, new: MasterKey, now: Instant) -> tuple[ProcessRow, ...]:
    return tuple(row for row in processes.living(tx, now) if new.name not in row.key_ids)


def _named(rows: Sequence[ProcessRow]) -> str:
    return ", ".join(str(row.name) for row in rows)


def _seal_anew(store: Store, hands: Hands) -> int:
    """Seal anew what the former key sealed, and return how many values that were."""
    former = store.read(sealing.state).former
    if former is None:
        return 0
    total, damaged = 0, set[str]()
    for table in resealing.TABLES:
        written = 0
        for batch in _batches(store, table, former):
            began = hands.now()
            written += store.write(partial(resealing.write, found=batch))
            damaged |= set(batch.damaged)
            hands.say(f"{table}: {written} values sealed anew")
            # others write between: on SQLite nobody waits in a line
            hands.pause(min(max(hands.now() - began, 0) / 1_000_000, 1.0))
        total += written
    left = store.read(resealing.counts).get(former, 0)
    if left:
        places = ", ".join(sorted(damaged)) or "rows that changed meanwhile"
        raise Refusal(
            f"{left} values are sealed with the old key still: {places}",
            reason="what does not open was changed in the database; both keys stay in the file",
            remedy=f"run `gatekeeper doctor`, restore what is damaged; {_AGAIN}",
        )
    return total


def _batches(store: Store, table: str, former: bytes) -> Iterator[resealing.Batch]:
    after: resealing.Key | None = None
    while True:
        found = store.read(partial(resealing.batch, table=table, former=former, after=after))
        if found is None:
            return
        yield found
        after = found.last


def _wrap_anew(settings: Settings, hands: Hands, new: MasterKey) -> int:
    """Wrap the secrets in files anew, and return how many that were."""
    codec = codec_of(settings).sealing_with(new.key_id)
    files = master_keys.wrapped_by_others(settings, new.key_id)
    for name, file in files.items():
        master_keys.wrap_anew(codec, name, file)
        hands.say(f"{file.path.name} wrapped anew")
    return len(files)


def _retire(store: Store, hands: Hands) -> None:
    """Note that nothing in the database is left that the former key opens."""

    def retire(tx: Tx) -> None:
        now = sealing.state(tx)
        if now.former is not None:
            sealing.retire(tx)
            _note(tx, hands, "seal.changed", old=now.former.hex(), new=now.sealing.hex())

    store.write(retire)
    hands.say("nothing in the database needs the old key any more")


def _note(tx: Tx, hands: Hands, kind: str, **payload: object) -> None:
    audit.append(tx, kind=kind, actor=hands.actor, now=hands.now(), payload=payload)
