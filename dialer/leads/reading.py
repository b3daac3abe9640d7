"""Reading a file in a process of its own: in the daemon somebody is answering meanwhile."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from dialer.errors import DialerError
from dialer.leads.errors import FileRefused

READ_S: Final = 3_600.0
STOP_S: Final = 5.0
_LINE_LIMIT: Final = 1 << 24
_NICENESS: Final = 5


@asynccontextmanager
async def started(module: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """``python -m module`` with a pipe either way; it has ended when the ``with`` has."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE_LIMIT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    ends_by_itself = False
    try:
        yield process
        ends_by_itself = True
    finally:
        await _end(process, by_itself=ends_by_itself)


async def _end(process: asyncio.subprocess.Process, *, by_itself: bool) -> None:
    """Wait for the end; a process that does not come to it, or is not wanted any more, is killed.

    Killing one that is about to end would take its exit code away from under asyncio, which complains of that.
    """
    try:
        if by_itself:
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_S):
                    await process.communicate()  # with its pipes, which would outlive it for a moment
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        async with asyncio.timeout(STOP_S):
            await process.wait()


async def in_a_process(module: str, file: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """What ``python -m module`` answers to a request about ``file``. FileRefused when it says so, or says nothing."""
    async with started(module) as process:
        try:
            async with asyncio.timeout(READ_S):
                answer, _ = await process.communicate(json.dumps(request).encode())
        except TimeoutError as error:
            raise FileRefused(f"Reading {file} took more than an hour and was stopped.") from error
    if not answer:
        raise FileRefused(f"The process that read {file} ended without a word.", hint="See the journal.")
    return expect_no_fault(json.loads(answer))


def answering(read: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
    """Be that process: one request on the input, the answer or the error as JSON on the output."""
    os.nice(_NICENESS)
    try:
        answer = read(json.load(sys.stdin))
    except DialerError as error:
        answer = fault_of(error)
    sys.stdout.write(json.dumps(answer))


def fault_of(error: DialerError) -> dict[str, Any]:
    """An error as such a process tells it."""
    line = getattr(error, "line", None)
    return {"error": {"message": str(error.args[0]), "hint": error.hint, "line": line}}


def expect_no_fault(message: dict[str, Any]) -> dict[str, Any]:
    """What such a process said; FileRefused when it is an error."""
    if fault := message.get("error"):
        raise FileRefused(fault["message"], hint=fault["hint"], line=fault["line"])
    return message
