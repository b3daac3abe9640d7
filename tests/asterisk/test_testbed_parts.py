"""Parts of the testbed that need no Asterisk."""

import math
import shutil
import socket
import wave
from array import array
from pathlib import Path

import pytest
from dialer_testbed import TestbedError, debian_root, ports, world
from dialer_testbed.audio import sound_seconds, tone_seconds
from dialer_testbed.cdr import read_cdr
from dialer_testbed.people import leads
from dialer_testbed.testbed import running_row
from hypothesis import given
from hypothesis import strategies as st

RATE = 8000


def write_tone(path: Path, *, tone_hz: float, seconds: float, level: int = 8000) -> Path:
    samples = (int(level * math.sin(2 * math.pi * tone_hz * at / RATE)) for at in range(int(seconds * RATE)))
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(array("h", samples).tobytes())
    return path


def test_a_tone_is_heard_for_as_long_as_it_sounds(tmp_path: Path) -> None:
    path = write_tone(tmp_path / "tone.wav", tone_hz=620, seconds=1)

    assert tone_seconds(path, 620) == pytest.approx(1)
    assert tone_seconds(path, 440) == 0


def test_silence_is_neither_tone_nor_sound(tmp_path: Path) -> None:
    path = write_tone(tmp_path / "faint.wav", tone_hz=620, seconds=1, level=5)

    assert (tone_seconds(path, 620), sound_seconds(path)) == (0, 0)


def test_leads_are_the_same_for_the_same_seed_and_have_distinct_numbers() -> None:
    first, again = list(leads(1000, 7)), list(leads(1000, 7))

    assert first == again
    assert first != list(leads(1000, 8))
    assert len({lead[3] for lead in first}) == 1000


def test_twenty_thousand_fast_leads_stay_in_ranges_that_number_libraries_accept() -> None:
    numbers = {lead[3] for lead in leads(20_000, 7, "fast")}

    assert len(numbers) == 20_000
    assert not any(number.startswith("06") for number in numbers)


def test_more_leads_than_numbers_are_refused() -> None:
    with pytest.raises(TestbedError, match="10000 numbers"):
        list(leads(10_001, 7))


@pytest.mark.parametrize("kind", world.KINDS)
def test_a_scripted_number_is_predicted_as_what_was_asked(kind: str) -> None:
    number = world.scripted(kind, ring_s=2, talk_s=30, early=True, x=4)

    assert world.predict(number) == world.Called(kind, "2", "30", early_media=True)


def test_a_time_that_no_digit_means_is_refused() -> None:
    with pytest.raises(TestbedError, match="No ring digit means 3 s"):
        world.scripted("person", ring_s=3)
    with pytest.raises(TestbedError, match="No crowd"):
        world.crowd(talk_s=7)


def test_a_crowd_is_of_distinct_persons() -> None:
    numbers = world.crowd(ring_s=1, talk_s=5)

    assert len(set(numbers)) == 1000
    assert {world.predict(number) for number in numbers} == {world.Called("person", "1", "5")}


def test_a_population_has_the_shares_it_says() -> None:
    met = [world.predict(f"035301{last:04d}").kind for last in range(10_000)]

    assert met.count("unknown") / 10_000 == pytest.approx(5 / 97, abs=0.005)
    for kind, share_pct in world.SHARES_PCT.items():
        assert met.count(kind) / 10_000 == pytest.approx(share_pct / 100 * 92 / 97, abs=0.015), kind


@given(st.integers(0, 9999), st.integers(1, 50))
def test_a_number_that_exists_exists_at_every_try(last: int, tries: int) -> None:
    number = f"046571{last:04d}"

    assert (world.predict(number).kind == "unknown") == (world.predict(number, tries).kind == "unknown")


def test_a_line_of_the_cdr_that_is_being_written_waits(tmp_path: Path) -> None:
    line = '"0199000000","a-1","01","s","u-1","PJSIP/x","10.5","","12.25","NO ANSWER"\n'
    (tmp_path / "calls.csv").write_text(line + line[:20])

    (row,) = read_cdr(tmp_path / "calls.csv")

    assert (row.number, row.attempt, row.answered_at, row.ended_at) == ("0199000000", "a-1", None, 12.25)
    assert read_cdr(tmp_path / "missing.csv") == []


def test_ports_that_are_taken_are_left_alone() -> None:
    with ports.claimed() as mine, ports.claimed() as others:
        assert mine.base != others.base
        with pytest.raises(TestbedError, match="are taken"), ports.claimed(mine.base):
            pass


def test_a_port_in_use_by_another_program_is_not_taken() -> None:
    with ports.claimed() as free:
        base = free.base
    with (
        socket.create_server(("127.0.0.1", base + 2)),
        pytest.raises(TestbedError, match=f"from {base} on are taken"),
        ports.claimed(base),
    ):
        pass


def test_off_debian_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda _: None)

    with pytest.raises(TestbedError, match="install your system's asterisk package"):
        debian_root.ensure_root()


def test_a_root_that_is_there_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    root = tmp_path / f"dialerd/asterisk-{debian_root.RELEASE}-{debian_root.LAYOUT}"
    root.mkdir(parents=True)

    assert debian_root.ensure_root() == root


@pytest.mark.parametrize("account", ["", "0123400500"])
def test_a_call_is_known_by_its_number_before_the_dialplan_has_kept_it(account: str) -> None:
    channel = {"Channel": "PJSIP/pbx-1", "Uniqueid": "1.1", "Duration": "00:00:00", "Exten": "0123400500"}

    assert running_row({**channel, "AccountCode": account}).number == "0123400500"
