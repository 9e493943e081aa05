"""The guard of the volume: looked at once a second, told once, and never optimistic in between."""

import logging
import os
from pathlib import Path

import pytest

from gatekeeper.domain.instants import SECOND
from gatekeeper.domain.policy import MIB, SpacePolicy
from gatekeeper.inbound.space import Room, Space, roomy


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.at = 0

    def __call__(self) -> int:
        return self.at


def free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


@pytest.mark.parametrize(
    ("stop_below", "reserve", "room"),
    [
        (1, 1, Room.ALL),
        (1 << 60, 1, Room.FAVOURED),
        (1 << 60, 1 << 60, Room.NOBODY),
    ],
)
def test_whose_mail_there_is_room_for(
    tmp_path: Path, stop_below: int, reserve: int, room: Room
) -> None:
    policy = SpacePolicy(stop_below=stop_below, reserve=reserve)
    assert room is Space(folder=tmp_path, policy=policy).room()


def test_what_is_taken_counts_until_the_next_look(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A burst within the second cannot fill the volume; each change is logged once."""
    clock = Clock()
    left = free(tmp_path)
    policy = SpacePolicy(stop_below=left // 2, reserve=left // 4)
    space = Space(folder=tmp_path, policy=policy, ticks=clock)
    with caplog.at_level(logging.INFO):
        assert Room.ALL is space.room()
        space.take(left // 3)
        assert [Room.FAVOURED] * 3 == [space.room() for _ in range(3)]
        space.take(left // 3)
        assert Room.NOBODY is space.room()
        clock.at += SECOND
        assert Room.ALL is space.room()
    assert [" of the team", "of nobody", "of all"] == [
        next(word for word in (" of the team", "of nobody", "of all") if word in message)
        for message in caplog.messages
    ]


def test_the_volume_is_asked_once_a_second(tmp_path: Path) -> None:
    clock = Clock()
    folder = tmp_path / "state"
    folder.mkdir()
    space = Space(folder=folder, policy=SpacePolicy(stop_below=1, reserve=1), ticks=clock)
    assert Room.ALL is space.room()
    folder.rmdir()
    assert Room.ALL is space.room()
    clock.at += SECOND
    assert Room.NOBODY is space.room()


def test_who_has_no_volume_has_room() -> None:
    assert Room.ALL is roomy()


def test_a_reserve_above_the_stop_is_refused() -> None:
    with pytest.raises(ValueError, match="the reserve"):
        SpacePolicy(stop_below=MIB, reserve=2 * MIB)
