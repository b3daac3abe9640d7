"""Who is behind each number of the carrier: one table, read by the dialplan and by tests.

Every number lies in a range that the French regulator (Arcep) keeps for fiction, so that a sample
list sent to a real trunk by mistake rings nobody.

| range | who |
|---|---|
| 01 99 00 k r t x | scripted: kind k, ring r, talk t (tables below), x free |
| 02 61 91 c xxx | a crowd of persons: class c gives ring and talk, xxx free |
| 03 53 01 xxxx | a natural population: real proportions, times of some seconds |
| 04 65 71 xxxx, 05 36 49 xxxx, 06 39 98 xxxx | the same proportions, about ten times as fast |

Anything else is an unknown number.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from .errors import TestbedError

PERSON_TONE_HZ = 620
PHONE_TONE_HZ = 440

KINDS = (
    "person",  # talks, then hangs up
    "brief",  # answers and hangs up at once
    "silent",  # rings until the caller gives up
    "busy",
    "rejected",  # after ringing
    "unknown",
    "congestion",
    "late_congestion",  # after ringing
    "machine",  # a spoken greeting, a beep, then listens for the talk time
    "presses_9",  # after the talk time, then listens for up to a minute
)
RING_S = ("0", "0.2", "0.5", "1", "2", "5", "20", "0.5", "2", "5")
EARLY_MEDIA_FROM = 7  # ring digits 7 to 9: 183 with a ringing tone in the audio, no 180
TALK_S = ("0.1", "0.5", "1", "2", "3", "5", "10", "30", "120", "3600")
CROWDS = (  # ring, talk
    ("0", "0.3"),
    ("0", "1"),
    ("0", "2"),
    ("0", "5"),
    ("0.5", "1"),
    ("1", "2"),
    ("1", "5"),
    ("2", "10"),
    ("3", "30"),
    ("0", "3600"),
)
POPULATIONS = {"natural": ("035301",), "fast": ("046571", "053649", "063998")}
SHARES_PCT = {  # of the tries at existing numbers
    "person": 33,  # none of them brief: nobody hangs up in no time
    "silent": 22,
    "gave_up": 14,  # the network ends the ringing itself
    "machine": 12,
    "busy": 9,
    "rejected": 5,
    "congestion": 2,
    "late_congestion": 2,
    "presses_9": 1,
}
ROWS = 997  # prime, so that a number's tries walk over all rows
UNKNOWN_OF_97 = 5  # numbers out of 97 that do not exist, whatever the try
SPEED = {"natural": 1.0, "fast": 10.0}


@dataclass(frozen=True, slots=True)
class Called:
    """What a call to a number meets. Times in seconds, as the dialplan's own text."""

    kind: str
    ring_s: str
    talk_s: str
    early_media: bool = False


UNKNOWN = Called("unknown", "0", "0")


def scripted(kind: str, *, ring_s: float = 0, talk_s: float = 1, early: bool = False, x: int = 0) -> str:
    """The number (national form) of a scripted kind; ``x`` 0 to 9 makes it distinct."""
    first, last = (EARLY_MEDIA_FROM, 10) if early else (0, EARLY_MEDIA_FROM)
    ring = _digit(ring_s, RING_S[first:last], "ring") + first
    return f"019900{KINDS.index(kind)}{ring}{_digit(talk_s, TALK_S, 'talk')}{x % 10}"


def crowd(*, ring_s: float = 0, talk_s: float = 1, count: int = 1000) -> list[str]:
    """Up to 1,000 distinct numbers of persons who ring and talk as long as given."""
    for digit, (ring, talk) in enumerate(CROWDS):
        if (float(ring), float(talk)) == (ring_s, talk_s):
            return [f"026191{digit}{free:03d}" for free in range(count)]
    raise TestbedError(f"No crowd rings {ring_s} s and talks {talk_s} s: see world.CROWDS.")


def _digit(seconds: float, table: tuple[str, ...], what: str) -> int:
    for digit, value in enumerate(table):
        if float(value) == seconds:
            return digit
    raise TestbedError(f"No {what} digit means {seconds} s: one of {', '.join(table)}.")


def predict(number: str, tries: int = 0) -> Called:
    """What a national number meets when it has been called ``tries`` times before."""
    digits = number[6:]
    if number.startswith("019900"):
        kind, ring, talk = (int(digit) for digit in digits[:3])
        return Called(KINDS[kind], RING_S[ring], TALK_S[talk], ring >= EARLY_MEDIA_FROM)
    if number.startswith("026191"):
        return Called("person", *CROWDS[int(digits[0])])
    for name, ranges in POPULATIONS.items():
        if number[:6] in ranges:
            return _of_population(name, int(number[3:]), tries)
    return UNKNOWN


def _of_population(name: str, key: int, tries: int) -> Called:
    if key * 31 % 97 < UNKNOWN_OF_97:
        return UNKNOWN
    return _rows(name)[(key * 31 + tries * 613) % ROWS]


@cache
def _rows(name: str) -> list[Called]:
    draw = random.Random(f"rows of {name}")  # noqa: S311  a stable table, not a secret
    kinds = [kind for kind, share in SHARES_PCT.items() for _ in range(share * ROWS // 100 + 1)]
    kinds = kinds[:ROWS]
    draw.shuffle(kinds)
    return [_row(kind, draw, SPEED[name]) for kind in kinds]


def _row(kind: str, draw: random.Random, speed: float) -> Called:
    ring = {"machine": 16.0, "gave_up": 25.0}.get(kind) or draw.lognormvariate(1.9, 0.5)
    talk = {"machine": 8.0, "presses_9": 6.0}.get(kind) or draw.lognormvariate(2.9, 0.8)
    return Called(
        kind,
        f"{min(ring, 30) / speed:.2f}",
        f"{min(max(talk, 2), 120) / speed:.2f}",
        early_media=draw.random() < 0.4,
    )


def dialplan_globals() -> str:
    """The tables of the scripted numbers and crowds as dialplan globals."""
    return "\n".join(_globals())


def _globals() -> Iterator[str]:
    yield f"PERSON_TONE = {PERSON_TONE_HZ}"
    yield f"PHONE_TONE = {PHONE_TONE_HZ}"
    for digit in range(10):
        yield f"KIND_{digit} = {KINDS[digit]}"
        yield f"RING_{digit} = {RING_S[digit]}"
        yield f"EARLY_{digit} = {int(digit >= EARLY_MEDIA_FROM)}"
        yield f"TALK_{digit} = {TALK_S[digit]}"
        yield f"CROWD_RING_{digit} = {CROWDS[digit][0]}"
        yield f"CROWD_TALK_{digit} = {CROWDS[digit][1]}"


def dialplan_rows() -> str:
    """The populations' rows as extensions, each of which sets kind, ring, talk and early media."""
    lines = []
    for name in POPULATIONS:
        lines.append(f"[rows-{name}]")
        for index, row in enumerate(_rows(name)):
            values = f"{row.kind},{row.ring_s},{row.talk_s},{int(row.early_media)}"
            lines.append(f"exten => {index},1,Return({values})")
    return "\n".join(lines)
