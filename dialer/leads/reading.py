"""Reading a file in a process of its own that answers once: in the daemon somebody is answering meanwhile."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from dialer.errors import DialerError
from dialer.leads.errors import FileRefused

READ_S: Final = 3_600.0
STOP_S: Final = 5.0
_NICENESS: Final = 5


async def in_a_process(module: str, file: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """What ``python -m module`` answers to a request about ``file``. FileRefused when it says so, or says nothing."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    try:
        async with asyncio.timeout(READ_S):
            answer, _ = await process.communicate(json.dumps(request).encode())
    except TimeoutError as error:
        raise FileRefused(f"Reading {file} took more than an hour and was stopped.") from error
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            async with asyncio.timeout(STOP_S):
                await process.wait()
    if not answer:
        raise FileRefused(f"The process that read {file} ended without a word.", hint="See the journal.")
    message: dict[str, Any] = json.loads(answer)
    if fault := message.get("error"):
        raise FileRefused(fault["message"], hint=fault["hint"], line=fault["line"])
    return message


def answering(read: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
    """Be that process: one request on the input, the answer or the error as JSON on the output."""
    os.nice(_NICENESS)
    try:
        answer = read(json.load(sys.stdin))
    except DialerError as error:
        line = getattr(error, "line", None)
        answer = {"error": {"message": str(error.args[0]), "hint": error.hint, "line": line}}
    sys.stdout.write(json.dumps(answer))
