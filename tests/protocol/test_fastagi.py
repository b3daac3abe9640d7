"""The FastAGI server: the route in one command, and no fault of panoramisk's reaches the daemon."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_scripts.route import AgiRequest, Script, route_command, route_script
from dialer.pbx.errors import UnsafeValueError
from dialer.pbx.fastagi import FastAgiServer, PortTakenError

Start = Callable[..., Awaitable[FastAgiServer]]


class Caller:
    """Asterisk, running ``AGI(agi://127.0.0.1:port/script,arguments)``."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def headers(self, script: str, *arguments: str) -> None:
        lines = [f"agi_network_script: {script}", "agi_uniqueid: a-1"]
        lines += [f"agi_arg_{index}: {value}" for index, value in enumerate(arguments, 1)]
        self.writer.write("".join(f"{line}\n" for line in lines).encode() + b"\n")

    async def line(self) -> bytes:
        return await asyncio.wait_for(self.reader.readline(), 5)

    async def closed(self) -> bool:
        try:
            return await asyncio.wait_for(self.reader.read(), 5) == b""
        except ConnectionResetError:
            return True


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Awaitable[tuple[FastAgiServer, Caller]]]]:
    """Start a server and connect one caller to it."""
    open_things: list[tuple[FastAgiServer, asyncio.StreamWriter]] = []

    async def start(script: Script, **limits: float) -> tuple[FastAgiServer, Caller]:
        server = FastAgiServer({"route": script}, **limits)  # type: ignore[arg-type]
        port = await server.start(port=0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        open_things.append((server, writer))
        return server, Caller(reader, writer)

    yield start
    for server, writer in open_things:
        await server.close()
        writer.close()


Serve = Callable[..., Awaitable[tuple[FastAgiServer, Caller]]]


def answering(channel: str | None, asked: list[tuple[str, str | None]] | None = None) -> Script:
    async def ask(attempt_id: str, failed_channel: str | None) -> str | None:
        if asked is not None:
            asked.append((attempt_id, failed_channel))
        return channel

    return route_script(ask)


async def test_an_agents_channel_is_told_in_one_command(serve: Serve) -> None:
    asked: list[tuple[str, str | None]] = []
    _, caller = await serve(answering("PJSIP/agent-1001-00000001", asked))
    caller.headers("route", "a-1", "")
    assert await caller.line() == b"EXEC MSet DIALER_ROUTE=bridge,DIALER_AGENT_CHANNEL=PJSIP/agent-1001-00000001\n"
    caller.writer.write(b"200 result=0\n")
    assert await caller.closed()
    assert asked == [("a-1", None)]


async def test_no_agent_is_the_message_and_the_failed_channel_is_passed_on(serve: Serve) -> None:
    asked: list[tuple[str, str | None]] = []
    _, caller = await serve(answering(None, asked))
    caller.headers("route", "a-1", "PJSIP/agent-1001-00000001")
    assert await caller.line() == b"SET VARIABLE DIALER_ROUTE message\n"
    caller.writer.write(b"200 result=1\n")
    assert await caller.closed()
    assert asked == [("a-1", "PJSIP/agent-1001-00000001")]


async def test_a_caller_that_closes_during_the_headers_does_not_spin_the_server(serve: Serve) -> None:
    server, caller = await serve(answering(None))
    caller.writer.write(b"agi_network_script: route\n")
    caller.writer.write_eof()
    assert await caller.closed()
    assert server.stats()["gone"] == 1


async def test_headers_without_end_are_refused(serve: Serve) -> None:
    server, caller = await serve(answering(None))
    caller.writer.write(b"agi_x: " + b"x" * 40_000)
    assert await caller.closed()
    assert server.stats()["failures"] == 1
    assert server.stats()["open"] == 0


async def test_a_silent_caller_is_left_at_the_time_limit(serve: Serve) -> None:
    server, caller = await serve(answering(None), limit_s=0.02)
    assert await caller.closed()
    assert server.stats()["timeouts"] == 1


async def test_a_caller_that_never_answers_a_command_is_left_at_the_time_limit(serve: Serve) -> None:
    server, caller = await serve(answering(None), limit_s=0.05)
    caller.headers("route", "a-1")
    await caller.line()
    assert await caller.closed()
    assert (server.stats()["timeouts"], server.stats()["open"]) == (1, 0)


@pytest.mark.parametrize("reply", [b"200 result=-1\n", b"510 Invalid command\n", b"nonsense\n"])
async def test_a_bad_answer_ends_the_run_and_not_the_server(serve: Serve, reply: bytes) -> None:
    server, caller = await serve(answering(None))
    caller.headers("route", "a-1")
    await caller.line()
    caller.writer.write(reply)
    caller.writer.write_eof()
    assert await caller.closed()
    assert server.stats()["failures"] == 1


@pytest.mark.parametrize("reply", [b"", b"HANGUP\n", b"200 resu"])
async def test_a_person_who_hangs_up_meanwhile_is_no_failure(serve: Serve, reply: bytes) -> None:
    server, caller = await serve(answering(None))
    caller.headers("route", "a-1")
    await caller.line()
    caller.writer.write(reply)
    caller.writer.write_eof()
    assert await caller.closed()
    assert (server.stats()["gone"], server.stats()["failures"]) == (1, 0)


async def test_a_script_that_raises_closes_the_connection_at_once(serve: Serve) -> None:
    async def broken(_: AgiRequest) -> None:
        raise RuntimeError("the floor stumbles")

    server, caller = await serve(broken)
    caller.headers("route", "a-1")
    assert await caller.closed()
    assert server.stats()["failures"] == 1


async def test_an_unknown_script_closes_the_connection(serve: Serve) -> None:
    server, caller = await serve(answering(None))
    caller.headers("other")
    assert await caller.closed()
    assert server.stats()["failures"] == 1


async def test_a_command_with_a_line_end_is_never_sent(serve: Serve) -> None:
    caught: list[Exception] = []

    async def evil(request: AgiRequest) -> None:
        try:
            await request.send_command("NOOP\nEXEC System x")
        except UnsafeValueError as error:
            caught.append(error)

    _, caller = await serve(evil)
    caller.headers("route")
    assert await caller.closed()
    assert len(caught) == 1


async def test_more_runs_than_the_bound_are_closed_at_once(serve: Serve) -> None:
    server, caller = await serve(answering(None), max_runs=0)
    assert await caller.closed()
    assert server.stats()["refused"] == 1


async def test_closing_the_server_ends_the_waiting_runs(serve: Serve) -> None:
    started = asyncio.Event()

    async def wait(_: AgiRequest) -> None:
        started.set()
        await asyncio.Event().wait()

    server, caller = await serve(wait)
    caller.headers("route")
    await started.wait()
    await server.close()
    assert await caller.closed()
    assert server.stats()["open"] == 0


async def test_a_taken_port_is_said_with_what_to_do(serve: Serve) -> None:
    server, _ = await serve(answering(None))
    taken = server._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    with pytest.raises(PortTakenError, match="DIALER_FASTAGI"):
        await FastAgiServer({}).start(port=taken)


@given(st.text(max_size=30))
def test_a_route_is_one_line_whatever_the_channel(channel: str) -> None:
    try:
        command = route_command(channel)
    except ValueError:
        return
    assert command.isascii()
    assert not set(command) & set("\r\n\"'&|()$\\")
    assert command.count(",") == 1
