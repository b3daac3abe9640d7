"""A control server on a real Unix socket: bounds, permissions, faults, two daemons, a killed one."""

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialer.control.client import ControlClient, NoAnswerError, NotAllowedError
from dialer.control.listen import AlreadyRunningError, ListenError, open_listener
from dialer.control.server import Call, ControlServer, Handler, Limits
from dialer.control.wire import JsonObject, NoDaemonError, RefusedError, RemoteError


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "c.sock"


async def echo(call: Call) -> JsonObject:
    return {"params": dict(call.params), "uid": call.peer.uid, "pid": call.peer.pid, "user": call.peer.user}


async def count(call: Call) -> JsonObject:
    for number in range(call.params["to"]):
        await call.send({"number": number})
    return {"done": True}


async def refuse(_call: Call) -> JsonObject:
    raise RefusedError("Not now.", hint="Later.")


async def crash(_call: Call) -> JsonObject:
    raise ZeroDivisionError


async def dawdle(_call: Call) -> JsonObject:
    await asyncio.Event().wait()
    return {}


dropped = asyncio.Queue[str]()


async def flood(call: Call) -> JsonObject:
    try:
        while True:
            await call.send({"text": "x" * 10_000})
    except ConnectionError as error:
        dropped.put_nowait(str(error))
        raise


async def not_json(_call: Call) -> JsonObject:
    return {"nan": float("nan")}


HANDLERS: Mapping[str, Handler] = {
    "echo": echo,
    "count": count,
    "refuse": refuse,
    "crash": crash,
    "dawdle": dawdle,
    "flood": flood,
    "not_json": not_json,
}
QUICK = Limits(connections=3, request_bytes=1000, idle_s=5.0, write_s=0.2, command_s=0.2)


@asynccontextmanager
async def serving(path: Path, limits: Limits | None = None, mode: int = 0o660) -> AsyncIterator[ControlServer]:
    server = ControlServer(path, HANDLERS, mode=mode, limits=limits)
    await server.start()
    try:
        yield server
    finally:
        await server.close()


async def ask(path: Path, work: Callable[[ControlClient], Any]) -> Any:  # noqa: ANN401
    return await asyncio.to_thread(work, ControlClient(path, timeout_s=5.0))


async def speak(path: Path, *lines: bytes) -> list[Any]:
    """Send raw bytes, close our side, read every answer."""
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"".join(lines))
    writer.write_eof()
    answers = [json.loads(line) for line in (await reader.read()).splitlines()]
    writer.close()
    return answers


async def test_a_command_gets_its_parameters_and_knows_who_asks(path: Path) -> None:
    async with serving(path):
        result = await ask(path, lambda client: client.call("echo", text="é", number=1.5))

    assert result["params"] == {"text": "é", "number": 1.5}
    assert (result["uid"], result["pid"]) == (os.getuid(), os.getpid())


async def test_parts_come_ahead_of_the_result_in_order(path: Path) -> None:
    parts: list[int] = []
    async with serving(path):
        result = await ask(path, lambda client: client.stream("count", lambda p: parts.append(p["number"]), to=500))

    assert result == {"done": True}
    assert parts == list(range(500))


async def test_a_refusal_keeps_its_code_and_hint(path: Path) -> None:
    async with serving(path):
        with pytest.raises(RemoteError, match=r"Not now\. Later\.") as caught:
            await ask(path, lambda client: client.call("refuse"))

    assert caught.value.code == "refused"


@pytest.mark.parametrize(
    ("command", "code"),
    [("crash", "internal"), ("not_json", "internal"), ("nosuch", "bad_request"), ("dawdle", "overdue")],
)
async def test_a_faulty_command_is_answered_and_the_server_lives_on(path: Path, command: str, code: str) -> None:
    async with serving(path, QUICK):
        with pytest.raises(RemoteError) as caught:
            await ask(path, lambda client: client.call(command))
        assert caught.value.code == code
        assert (await ask(path, lambda client: client.call("echo", a=1)))["params"] == {"a": 1}


async def test_several_requests_share_a_connection(path: Path) -> None:
    async with serving(path):
        answers = await speak(path, b'{"command":"echo","a":1}\n', b"rubbish\n", b'{"command":"echo","a":2}\n')

    assert [answer["ok"] for answer in answers] == [True, False, True]


async def test_a_request_without_its_end_is_no_request(path: Path) -> None:
    async with serving(path):
        assert await speak(path, b'{"command":"echo"}') == []


async def test_a_request_longer_than_the_bound_is_refused_and_the_connection_closed(path: Path) -> None:
    async with serving(path, QUICK):
        answers = await speak(path, b'{"command":"echo","a":"' + b"x" * 5000 + b'"}\n', b'{"command":"echo"}\n')

    assert [answer["error"]["message"] for answer in answers] == ["The request is too long."]


async def test_a_reader_that_does_not_read_is_dropped(path: Path) -> None:
    async with serving(path, Limits(write_s=0.2)):
        _reader, writer = await asyncio.open_unix_connection(path, limit=1024)
        writer.write(b'{"command":"flood"}\n')
        async with asyncio.timeout(5):
            assert await dropped.get() == "slow reader"
        writer.close()


async def test_more_connections_than_the_bound_are_told_so(path: Path) -> None:
    async with serving(path, QUICK):
        held = [await asyncio.open_unix_connection(path) for _ in range(3)]
        for reader, writer in held:
            writer.write(b'{"command":"echo"}\n')
            await reader.readline()

        (answer,) = await speak(path)

        assert answer["error"]["message"] == "The daemon is busy."
        for _, writer in held:
            writer.close()


async def test_parameters_never_reach_the_log(path: Path) -> None:
    with structlog.testing.capture_logs() as logs:
        async with serving(path):
            await ask(path, lambda client: client.call("echo", pin="4711"))
            with pytest.raises(RemoteError):
                await ask(path, lambda client: client.call("crash", pin="4711"))

    assert [entry["command"] for entry in logs if entry["event"] == "control_command"] == ["echo", "crash"]
    assert "4711" not in repr(logs)


async def test_a_client_that_goes_away_does_not_cut_its_command(path: Path) -> None:
    began, go_on, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(_call: Call) -> JsonObject:
        began.set()
        await go_on.wait()
        ended.set()
        return {}

    server = ControlServer(path, {"slow": slow})
    await server.start()
    try:
        _, writer = await asyncio.open_unix_connection(path)
        writer.write(b'{"command":"slow"}\n')
        await began.wait()
        writer.transport.abort()
        for _ in range(20):
            await asyncio.sleep(0)
        go_on.set()
        async with asyncio.timeout(10):
            await ended.wait()
    finally:
        await server.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chunks=st.lists(st.binary(max_size=300) | st.just(b"\n") | st.just(b'{"command":"echo"}\n'), max_size=8))
def test_no_bytes_bring_the_server_down(tmp_path: Path, chunks: list[bytes]) -> None:
    path = tmp_path / "h.sock"

    async def attack() -> None:
        async with serving(path, QUICK):
            answers = await speak(path, *chunks)
            assert all(isinstance(answer["ok"], bool) for answer in answers)
            (answer,) = await speak(path, b'{"command":"echo"}\n')
            assert answer["ok"]

    asyncio.run(attack())


# --- the socket itself -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o600, 0o660])
def test_the_socket_has_the_mode_of_the_configuration_whatever_the_umask(path: Path, mode: int) -> None:
    before = os.umask(0)
    try:
        with closing(open_listener(path, mode, "")):
            assert stat.S_IMODE(path.stat().st_mode) == mode
            assert os.umask(0) == 0
    finally:
        os.umask(before)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
async def test_a_user_outside_the_group_is_kept_out_with_a_hint(path: Path) -> None:
    path.parent.chmod(0o755)
    for folder in path.parents:
        if folder == Path("/tmp"):
            break
        folder.chmod(folder.stat().st_mode | 0o055)

    def as_nobody() -> None:
        os.setegid(65534)
        os.seteuid(65534)
        try:
            ControlClient(path).call("echo")
        finally:
            os.seteuid(0)
            os.setegid(0)

    async with serving(path):
        with pytest.raises(NotAllowedError, match="sudo"):
            as_nobody()


async def test_a_second_daemon_is_refused_and_the_first_goes_on(path: Path) -> None:
    async with serving(path):
        with pytest.raises(AlreadyRunningError, match=str(os.getpid())):
            await ControlServer(path, HANDLERS).start()
        assert (await ask(path, lambda client: client.call("echo")))["params"] == {}


async def test_a_closed_server_leaves_no_socket_and_can_start_again(path: Path) -> None:
    async with serving(path):
        pass
    with pytest.raises(NoDaemonError):
        await ask(path, lambda client: client.call("echo"))
    async with serving(path):
        assert (await ask(path, lambda client: client.call("echo")))["params"] == {}


HOLD = """
import sys, time
from pathlib import Path
from dialer.control.listen import open_listener
listener = open_listener(Path(sys.argv[1]), 0o660, "")
print("up", flush=True)
time.sleep(60)
"""


def test_the_socket_of_a_killed_daemon_is_replaced(path: Path) -> None:
    root = str(Path(__file__).parents[3])
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": root}) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == b"up\n"
        with pytest.raises(AlreadyRunningError, match=str(killed.pid)):
            open_listener(path, 0o660, "")
        killed.send_signal(signal.SIGKILL)
    assert path.is_socket()

    open_listener(path, 0o660, "").close()

    assert not path.exists()


def test_a_file_in_the_way_is_not_removed(path: Path) -> None:
    path.write_text("precious")

    with pytest.raises(ListenError, match="not a socket"):
        open_listener(path, 0o660, "")

    assert path.read_text() == "precious"
    path.unlink()
    open_listener(path, 0o660, "").close()  # the lock was given back


@pytest.mark.parametrize(
    ("name", "group", "why"),
    [("x" * 120, "", "too long"), ("c.sock", "nosuchgroup", "nosuchgroup")],
)
async def test_a_socket_that_cannot_be_made_is_told(tmp_path: Path, name: str, group: str, why: str) -> None:
    with pytest.raises(ListenError, match=why):
        await ControlServer(tmp_path / name, HANDLERS, group=group).start()


async def test_a_run_dir_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ListenError, match="run_dir"):
        await ControlServer(tmp_path / "file" / "c.sock", HANDLERS).start()


# --- the client ------------------------------------------------------------------------------------------------------


def test_no_socket_means_no_daemon(path: Path) -> None:
    with pytest.raises(NoDaemonError, match="systemctl start dialerd"):
        ControlClient(path).call("echo")


def test_a_socket_that_nobody_listens_on_means_no_daemon(path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as dead:
        dead.bind(str(path))
    with pytest.raises(NoDaemonError):
        ControlClient(path).call("echo")


@pytest.mark.parametrize("answer", [b"", b"rubbish\n", b"{}\n", b'{"ok":false}\n'])
def test_a_daemon_that_breaks_off_or_talks_rubbish_is_no_answer(path: Path, answer: bytes) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(path))
        listening.listen(1)

        async def both() -> None:
            asking = asyncio.create_task(ask(path, lambda client: client.call("echo")))
            loop = asyncio.get_running_loop()
            listening.setblocking(False)  # noqa: FBT003 - the library's signature
            accepted, _ = await loop.sock_accept(listening)
            await loop.sock_recv(accepted, 100)
            await loop.sock_sendall(accepted, answer)
            accepted.close()
            await asking

        with pytest.raises(NoAnswerError):
            asyncio.run(both())


def test_a_frozen_daemon_is_no_answer(path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as frozen:
        frozen.bind(str(path))
        frozen.listen(1)
        with pytest.raises(NoAnswerError):
            ControlClient(path, timeout_s=0.1).call("echo")
