"""What a person hears and types: agent login and keypad disposition, as a dialogue of AGI lines."""

import io
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from agi_scripts import agent_login, disposition
from agi_scripts.daemon_socket import DaemonAwayError, ask
from agi_scripts.phone import Phone

ENVIRONMENT = "agi_channel: PJSIP/agent-1001-00000001\nagi_uniqueid: pbx-17.1\n\n"
OK: dict[str, Any] = {"ok": True, "result": {}}
WRONG: dict[str, Any] = {"ok": False, "error": {"code": "wrong_pin", "message": "no"}}
LOCKED: dict[str, Any] = {"ok": False, "error": {"code": "locked_out", "message": "no"}}


@pytest.fixture(autouse=True)
def _hangup_signal() -> Iterator[None]:
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


class Daemon:
    """Answers in turn and keeps what it was asked."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)
        self.asked: list[Mapping[str, str]] = []

    def __call__(self, request: Mapping[str, str]) -> dict[str, Any]:
        self.asked.append(request)
        if not self.answers:
            raise DaemonAwayError("away")
        return self.answers.pop(0)


def phone(*replies: str) -> tuple[Phone, io.StringIO]:
    """A phone whose Asterisk gives these results; ``said`` is what the program sent."""
    said = io.StringIO()
    return Phone(io.StringIO(ENVIRONMENT + "".join(f"{reply}\n" for reply in replies)), said), said


def prompts(said: io.StringIO) -> list[str]:
    words = (line.split() for line in said.getvalue().splitlines())
    return [word[2] for word in words if word[:2] in (["GET", "DATA"], ["STREAM", "FILE"])]


DONE = "200 result=0 endpos=8000"


def typed(keys: str) -> str:
    return f"200 result={keys}"


def test_right_id_and_pin_give_the_line_to_the_agent() -> None:
    line, said = phone(typed("1001"), typed("4242"), "200 result=1", DONE)
    daemon = Daemon(OK)
    assert agent_login.run(line, daemon) == 0
    assert 'SET VARIABLE "DIALER_AGENT" "1001"' in said.getvalue()
    assert prompts(said) == ["dialer/agent-id", "dialer/agent-pin", "dialer/agent-ready"]
    assert daemon.asked == [
        {
            "command": "agent_login",
            "agent_id": "1001",
            "pin": "4242",
            "channel": "PJSIP/agent-1001-00000001",
            "channel_id": "pbx-17.1",
        }
    ]


def test_three_wrong_tries_end_without_an_agent() -> None:
    line, said = phone(*[typed("1001"), typed("1"), DONE] * 3, DONE)
    assert agent_login.run(line, Daemon(WRONG, WRONG, WRONG)) == 0
    assert "DIALER_AGENT" not in said.getvalue()
    assert prompts(said).count("dialer/agent-refused") == 3
    assert prompts(said)[-1] == "dialer/agent-goodbye"


def test_a_locked_agent_is_not_asked_again() -> None:
    line, said = phone(typed("1001"), typed("1"), DONE, DONE)
    daemon = Daemon(LOCKED, OK)
    agent_login.run(line, daemon)
    assert prompts(said) == [
        "dialer/agent-id",
        "dialer/agent-pin",
        "dialer/agent-refused",
        "dialer/agent-goodbye",
    ]
    assert "DIALER_AGENT" not in said.getvalue()


@pytest.mark.parametrize("nothing", ["200 result= (timeout)", "200 result=*12", "200 result="])
def test_what_is_not_digits_never_reaches_the_daemon(nothing: str) -> None:
    line, _ = phone(*[nothing, typed("1"), DONE] * 4)
    daemon = Daemon(OK)
    agent_login.run(line, daemon)
    assert daemon.asked == []


def test_a_daemon_that_is_away_is_said() -> None:
    line, said = phone(typed("1001"), typed("4242"), DONE)
    assert agent_login.run(line, Daemon()) == 1
    assert prompts(said)[-1] == "dialer/agent-unavailable"
    assert "DIALER_AGENT" not in said.getvalue()


@pytest.mark.parametrize("end", [[], ["200 result=-1"], ["HANGUP"], ["200 result=1 (hangup)"], ["510 dead"]])
def test_a_caller_who_hangs_up_ends_the_program_quietly(end: list[str]) -> None:
    line, said = phone(typed("1001"), *end)
    assert agent_login.run(line, Daemon(OK)) == 0
    assert "DIALER_AGENT" not in said.getvalue()


def test_a_key_is_the_disposition_of_the_last_call() -> None:
    line, said = phone(typed("3"), DONE)
    daemon = Daemon(OK)
    assert disposition.run(line, "1001", daemon) == 0
    assert daemon.asked == [{"command": "disposition", "agent_id": "1001", "key": "3"}]
    assert prompts(said) == ["dialer/disposition", "dialer/disposition-saved"]


def test_a_key_without_meaning_is_asked_again() -> None:
    line, said = phone(typed("8"), DONE, typed("3"), DONE)
    disposition.run(line, "1001", Daemon(WRONG, OK))
    assert prompts(said)[1] == "dialer/disposition-refused"
    assert prompts(said)[-1] == "dialer/disposition-saved"


def test_no_key_is_no_disposition() -> None:
    line, _ = phone("200 result= (timeout)")
    daemon = Daemon(OK)
    assert disposition.run(line, "1001", daemon) == 0
    assert daemon.asked == []


# --- the socket -----------------------------------------------------------------------------------------------------


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    path = str(tmp_path / "agents.sock")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        yield path, server


def answer_with(server: socket.socket, *pieces: bytes) -> threading.Thread:
    def serve() -> None:
        link, _ = server.accept()
        with link:
            link.recv(4096)
            for piece in pieces:
                link.sendall(piece)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_an_answer_in_pieces_is_read_whole(listener: tuple[str, socket.socket]) -> None:
    thread = answer_with(listener[1], b'{"ok": ', b"true}", b"\n")
    assert ask(listener[0], {"command": "agent_login"}) == {"ok": True}
    thread.join()


@pytest.mark.parametrize("reply", [b"", b"{}\n", b"nonsense\n", b"[1]\n", b'{"ok": true}', b'{"ok": "yes"}\n'])
def test_what_is_no_answer_means_the_daemon_is_away(listener: tuple[str, socket.socket], reply: bytes) -> None:
    thread = answer_with(listener[1], reply)
    with pytest.raises(DaemonAwayError):
        ask(listener[0], {"command": "agent_login"})
    thread.join()


def test_a_frozen_daemon_is_left_at_the_time_limit(listener: tuple[str, socket.socket]) -> None:
    with pytest.raises(DaemonAwayError):
        ask(listener[0], {"command": "agent_login"}, limit_s=0.05)


def test_no_daemon_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(DaemonAwayError):
        ask(str(tmp_path / "none.sock"), {})


def test_the_program_runs_as_a_process_and_keeps_the_pin_to_itself(listener: tuple[str, socket.socket]) -> None:
    thread = answer_with(listener[1], json.dumps(OK).encode() + b"\n")
    dialogue = ENVIRONMENT + f"{typed('1001')}\n{typed('424299')}\n200 result=1\n{DONE}\n"
    command = [sys.executable, "-m", "agi_scripts.agent_login", listener[0]]
    ran = subprocess.run(command, input=dialogue, capture_output=True, text=True, timeout=20, check=False)
    thread.join()
    assert ran.returncode == 0
    assert 'SET VARIABLE "DIALER_AGENT" "1001"' in ran.stdout
    assert "424299" not in ran.stdout + ran.stderr


def test_the_programs_import_nothing_heavy() -> None:
    code = "import sys, agi_scripts.agent_login, agi_scripts.disposition; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True)
    assert not {"asyncio", "panoramisk", "structlog", "pydantic", "numpy", "dialer"} & set(ran.stdout.split())


CALLBACK: dict[str, Any] = {"ok": True, "result": {"disposition": "callback"}}


def test_after_the_key_for_a_callback_the_agent_is_asked_when() -> None:
    line, said = phone(typed("4"), typed("241430"), DONE)
    daemon = Daemon(CALLBACK, OK)
    assert disposition.run(line, "1001", daemon) == 0
    assert prompts(said) == ["dialer/disposition", "dialer/callback-when", "dialer/disposition-saved"]
    assert daemon.asked[1] == {
        "command": "disposition",
        "agent_id": "1001",
        "disposition": "callback",
        "callback_at": "241430",
    }


def test_a_time_that_is_refused_is_asked_again_and_none_is_no_promise() -> None:
    line, said = phone(typed("4"), typed("0300"), DONE, typed(""), DONE)
    daemon = Daemon(CALLBACK, WRONG)
    assert disposition.run(line, "1001", daemon) == 0
    assert prompts(said)[-3:] == ["dialer/callback-refused", "dialer/callback-when", "dialer/disposition-saved"]
    assert len(daemon.asked) == 2
