"""One process at a time writes to a store; a process that is killed leaves no lock behind."""

import fcntl
import os
from pathlib import Path

from dialer.store.errors import StoreLocked, StoreUnavailable


class StoreLock:
    """An exclusive lock of the operating system on ``<store>.lock``; it ends with the process that holds it.

    The lock file itself stays: removing it would let two processes lock two files of the same name.
    """

    def __init__(self, store: Path) -> None:
        self._path = store.with_name(store.name + ".lock")
        self._descriptor: int | None = None

    def take(self) -> None:
        """Take the lock or raise StoreLocked, naming the process that holds it."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(f"The lock {self._path} cannot be opened: {error.strerror}.") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise StoreLocked(
                f"The store is in use by process {holder} (lock {self._path}).",
                hint="Speak to the running daemon, or stop it first.",
            ) from error
        self._descriptor = descriptor
        self._name_holder(descriptor)

    def give_back(self) -> None:
        """Release the lock; harmless when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @staticmethod
    def _name_holder(descriptor: int) -> None:
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        except OSError:  # a full disk: the lock holds all the same, only its holder's name is missing
            return
