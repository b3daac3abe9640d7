"""Was a tone heard? Goertzel's algorithm on a WAV file, in blocks of a twentieth of a second."""

from __future__ import annotations

import math
import wave
from array import array
from pathlib import Path

BLOCK_S = 0.05
LEAST_SHARE = 0.5  # of a block's power, for the tone to count as heard
LEAST_POWER = 100.0 * 100.0  # mean square of 16-bit samples: below it a block is silence


def tone_times(path: Path, tone_hz: float) -> list[float]:
    """The start, in seconds, of every block of the file in which the tone is the main sound."""
    samples, rate = _read(path)
    size = int(rate * BLOCK_S)
    blocks = range(0, len(samples) - size + 1, size)
    return [at / rate for at in blocks if _share(samples[at : at + size], rate, tone_hz) >= LEAST_SHARE]


def tone_seconds(path: Path, tone_hz: float) -> float:
    """For how long the tone was the main sound."""
    return len(tone_times(path, tone_hz)) * BLOCK_S


def sound_times(path: Path) -> list[float]:
    """The start, in seconds, of every block of the file that is not silence."""
    samples, rate = _read(path)
    size = int(rate * BLOCK_S)
    blocks = range(0, len(samples) - size + 1, size)
    return [at / rate for at in blocks if _power(samples[at : at + size]) >= LEAST_POWER]


def sound_seconds(path: Path) -> float:
    """For how long anything but silence was heard."""
    return len(sound_times(path)) * BLOCK_S


def _read(path: Path) -> tuple[array[int], int]:
    with wave.open(str(path)) as sound:
        return array("h", sound.readframes(sound.getnframes())), sound.getframerate()


def _power(block: array[int]) -> float:
    return sum(sample * sample for sample in block) / len(block)


def _share(block: array[int], rate: int, tone_hz: float) -> float:
    """Power at the tone over the block's power: 1 for a pure tone, near 0 without it."""
    power = _power(block)
    if power < LEAST_POWER:
        return 0.0
    turn = 2 * math.cos(2 * math.pi * tone_hz / rate)
    before = last = 0.0
    for sample in block:
        before, last = last, sample + turn * last - before
    at_tone = before * before + last * last - turn * before * last
    return 2 * at_tone / (len(block) ** 2 * power)
