"""Files that are written whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from dialer.control.wire import RefusedError


@contextmanager
def writing(output: Path) -> Iterator[TextIO]:
    """A new file under another name, which takes the name ``output`` when the block ends well. Raises RefusedError."""
    fresh = output.with_name(f".{output.name}.part")
    try:
        with fresh.open("w", encoding="utf-8", newline="") as file:
            yield file
        fresh.replace(output)
    except OSError as error:
        raise RefusedError(f"{output} cannot be written: {error.strerror}.") from error
    finally:
        fresh.unlink(missing_ok=True)
