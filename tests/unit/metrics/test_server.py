"""The scrape over a port and over a Unix socket: right answers to right questions, and short ones to all others."""

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from dialer.metrics import server as server_module
from dialer.metrics.reading import Reading
from dialer.metrics.server import MetricsPortError, MetricsServer
from tests.unit.metrics.test_collector import reading


async def look() -> Reading:
    return reading()


@pytest.fixture
async def server() -> AsyncIterator[MetricsServer]:
    made = MetricsServer(look)
    yield made
    await made.close()


async def asked(port: int, request: bytes) -> tuple[str, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    return await _exchange(reader, writer, request)


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> tuple[str, bytes]:
    writer.write(request)
    async with asyncio.timeout(20):
        answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.decode(), body


async def expect_closed(port: int, request: bytes) -> None:
    """Not one byte comes back; what was not read makes the end a reset."""
    with suppress(ConnectionError):
        assert await asked(port, request) == ("", b"")


async def test_a_scrape_over_the_loopback(server: MetricsServer) -> None:
    port = await server.listen_at("127.0.0.1", 0)
    head, body = await asked(port, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=")
    assert f"Content-Length: {len(body)}" in head
    assert b"\ndialer_ami_up 1.0\n" in body
    assert b"\nprocess_open_fds " in body


async def test_openmetrics_is_spoken_to_who_asks_for_it(server: MetricsServer) -> None:
    port = await server.listen_at("127.0.0.1", 0)
    head, body = await asked(
        port, b"GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text;version=1.0.0\r\n\r\n"
    )
    assert "application/openmetrics-text" in head
    assert body.endswith(b"# EOF\n")


async def test_a_scrape_over_a_unix_socket(server: MetricsServer, tmp_path: Path) -> None:
    path = tmp_path / "m.sock"
    await server.listen_on(path, 0o600, "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    reader, writer = await asyncio.open_unix_connection(path)
    head, _ = await _exchange(reader, writer, b"GET /metrics HTTP/1.1\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "404 Not Found"),
        (b"GET /metrics/../etc HTTP/1.1\r\n\r\n", "404 Not Found"),
        (b"POST /metrics HTTP/1.1\r\n\r\n", "405 Method Not Allowed"),
        (b"\r\n\r\n", "405 Method Not Allowed"),
        (b"GET\r\n\r\n", "404 Not Found"),
        (b"GET /metrics?a=b HTTP/1.1\r\n\r\n", "200 OK"),
    ],
)
async def test_other_questions_get_short_answers(server: MetricsServer, request_: bytes, status: str) -> None:
    port = await server.listen_at("127.0.0.1", 0)
    head, _ = await asked(port, request_)
    assert head.startswith(f"HTTP/1.1 {status}\r\n")


async def test_a_head_has_no_body(server: MetricsServer) -> None:
    port = await server.listen_at("127.0.0.1", 0)
    head, body = await asked(port, b"HEAD /metrics HTTP/1.1\r\n\r\n")
    assert "200 OK" in head
    assert body == b""


async def test_what_is_no_http_is_closed(server: MetricsServer) -> None:
    port = await server.listen_at("127.0.0.1", 0)
    await expect_closed(port, b"x" * 20_000)


async def test_more_scrapes_than_allowed_are_closed_and_slow_ones_end(
    server: MetricsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "CONNECTIONS", 1)
    port = await server.listen_at("127.0.0.1", 0)
    slow_reader, slow_writer = await asyncio.open_connection("127.0.0.1", port)
    while not server._scrapes:  # noqa: ASYNC110 - the server has no event for it
        await asyncio.sleep(0)
    await expect_closed(port, b"GET /metrics HTTP/1.1\r\n\r\n")
    slow_writer.write(b"GET /metrics HTTP/1.1\r\n\r\n")
    assert (await slow_reader.read()).startswith(b"HTTP/1.1 200 OK")
    slow_writer.close()


async def test_a_fault_costs_one_scrape(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> Reading:
        raise ZeroDivisionError

    server = MetricsServer(broken)
    port = await server.listen_at("127.0.0.1", 0)
    with capture_logs() as lines:
        await expect_closed(port, b"GET /metrics HTTP/1.1\r\n\r\n")
    assert [line["event"] for line in lines] == ["scrape_failed"]
    await server.close()


async def test_a_port_that_is_taken_is_named(server: MetricsServer) -> None:
    port = await server.listen_at("127.0.0.1", 0)
    with pytest.raises(MetricsPortError, match=str(port)):
        await server.listen_at("127.0.0.1", port)
