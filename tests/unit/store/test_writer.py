"""The writer: groups, savepoints, failures, cancellation, close."""

import asyncio
import os
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dialer.store.connection import Connection, Unit, writing
from dialer.store.errors import StoreClosed, StoreUnavailable
from dialer.store.writer import Writer


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[Connection]:
    async with writing(tmp_path / "w.db") as connection:
        await connection.run(lambda db: db.execute("CREATE TABLE t (a INTEGER PRIMARY KEY) STRICT"))
        yield connection


@pytest.fixture
async def writer(connection: Connection) -> AsyncIterator[Writer]:
    writer = Writer(connection)
    writer.start()
    yield writer
    await writer.close()


def insert(value: int) -> Unit[int | None]:
    return lambda db: db.execute("INSERT INTO t VALUES (?)", (value,)).lastrowid


def kept(db: sqlite3.Connection) -> list[int]:
    return [row[0] for row in db.execute("SELECT a FROM t ORDER BY a")]


async def test_units_that_wait_share_one_commit(writer: Writer, connection: Connection) -> None:
    commits: list[str] = []
    await connection.run(lambda db: db.set_trace_callback(commits.append))

    await asyncio.gather(*(writer.do(insert(v)) for v in range(20)))

    assert await connection.run(kept) == list(range(20))
    assert commits.count("COMMIT") <= 2


async def test_a_unit_that_fails_spoils_no_other(writer: Writer, connection: Connection) -> None:
    def fails_late(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO t VALUES (100)")
        raise ValueError("a mistake of its own")

    results = await asyncio.gather(
        writer.do(insert(1)),
        writer.do(fails_late),
        writer.do(insert(2)),
        return_exceptions=True,
    )

    assert results[0] == 1
    assert isinstance(results[1], ValueError)
    assert results[2] == 2
    assert await connection.run(kept) == [1, 2]
    assert writer.healthy


async def test_a_commit_that_fails_fails_every_unit_of_its_group(writer: Writer, connection: Connection) -> None:
    def orphan(db: sqlite3.Connection) -> None:
        db.execute("CREATE TABLE c (a INTEGER REFERENCES t (a) DEFERRABLE INITIALLY DEFERRED)")
        db.execute("INSERT INTO c VALUES (7)")  # found only when the transaction commits

    results = await asyncio.gather(writer.do(insert(1)), writer.do(orphan), return_exceptions=True)

    assert all(isinstance(result, StoreUnavailable) for result in results)
    assert await connection.run(kept) == []
    assert not writer.healthy
    await writer.do(insert(2))
    assert writer.healthy


async def test_a_caller_that_is_cancelled_does_not_stop_its_unit(writer: Writer, connection: Connection) -> None:
    task = asyncio.create_task(writer.do(insert(1)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    await writer.do(insert(2))

    assert await connection.run(kept) == [1, 2]


async def test_close_carries_out_what_was_handed_over(writer: Writer, connection: Connection) -> None:
    futures = [await writer.hand_over(insert(v)) for v in range(5)]

    await writer.close()

    assert all(future.done() for future in futures)
    assert await connection.run(kept) == list(range(5))


async def test_a_closed_writer_refuses_work_and_closes_again(writer: Writer) -> None:
    await writer.close()
    await writer.close()

    with pytest.raises(StoreClosed):
        await writer.do(kept)


async def test_a_connection_left_open_does_not_keep_the_process() -> None:
    code = "import asyncio\nfrom pathlib import Path\nfrom dialer.store.connection import writing\nasync def main():\n"
    code += "    c = await writing(Path(':memory:'))\n    globals()['kept'] = c\nasyncio.run(main())\n"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    )
    try:
        async with asyncio.timeout(20):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
