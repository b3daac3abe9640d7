"""Make a Unix socket that exactly one daemon owns, and that a killed daemon cannot leave in the way."""

import fcntl
import os
import shutil
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dialer.errors import DialerError

MAX_PATH_BYTES: Final = 107  # sun_path of unix(7) less its final zero
BACKLOG: Final = 64


class AlreadyRunningError(DialerError):
    """Another process owns this socket."""

    code = "already_running"


class ListenError(DialerError):
    """The socket cannot be made where the configuration wants it."""

    code = "listen"


@dataclass(frozen=True, slots=True)
class Listener:
    """A bound socket and the lock that says it is ours. The kernel drops the lock with the process, however it dies."""

    socket: socket.socket
    path: Path
    lock_fd: int

    def close(self) -> None:
        """Remove the socket, then let go of the lock."""
        self.socket.close()
        self.path.unlink(missing_ok=True)
        os.close(self.lock_fd)


def open_listener(path: Path, mode: int, group: str) -> Listener:
    """Bind ``path`` with file ``mode`` and ``group`` ("" keeps our own). Raises AlreadyRunningError or ListenError."""
    if len(os.fsencode(path)) > MAX_PATH_BYTES:
        raise ListenError(f"The path of socket {path} is too long.", hint="Choose a shorter run_dir.")
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        lock_fd = _lock(path)
    except OSError as error:
        raise _unable(path, error) from error
    try:
        return Listener(_bind(path, mode, group), path, lock_fd)
    except BaseException:
        os.close(lock_fd)
        raise


def _lock(path: Path) -> int:
    lock = path.with_name(f"{path.name}.lock")
    lock_fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(lock_fd, 20).decode("ascii", "replace").strip()
        os.close(lock_fd)
        hint = "Stop it first, or give this one its own run_dir and state_dir."
        raise AlreadyRunningError(f"A daemon (process {holder}) already owns {path}.", hint=hint) from error
    os.ftruncate(lock_fd, 0)
    os.write(lock_fd, f"{os.getpid()}\n".encode("ascii"))
    return lock_fd


def _bind(path: Path, mode: int, group: str) -> socket.socket:
    _remove_stale(path)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # Nobody may connect before mode and group are set: the socket is born closed to everyone else.
        before = os.umask(0o177)
        try:
            bound.bind(os.fspath(path))
        finally:
            os.umask(before)
        if group:
            shutil.chown(path, group=group)
        path.chmod(mode)
        bound.listen(BACKLOG)
        bound.setblocking(False)  # noqa: FBT003 - the standard library's own signature
    except (OSError, LookupError) as error:
        bound.close()
        raise _unable(path, error) from error
    return bound


def _remove_stale(path: Path) -> None:
    """We hold the lock, so a socket that stands here belongs to nobody alive."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ListenError(f"{path} is in the way and is not a socket.", hint="Move it away.")
    except FileNotFoundError:
        return
    path.unlink()


def _unable(path: Path, error: Exception) -> ListenError:
    why = error.strerror if isinstance(error, OSError) else str(error)
    return ListenError(f"Socket {path} cannot be made: {why}.", hint="See [daemon] run_dir and the group settings.")
