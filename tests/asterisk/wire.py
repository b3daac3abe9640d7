"""A wire between the daemon and Asterisk's manager: it can be cut, frozen and refused."""

import contextlib
import select
import socket
import threading
from types import TracebackType
from typing import Self

LOOK_S = 0.05
PIECE = 65536


class Wire:
    """A TCP forwarder on a port of its own. ``cut`` ends the links there are, ``refuse`` new ones too."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]
        self._links: list[tuple[socket.socket, socket.socket]] = []
        self._frozen = threading.Event()
        self._refusing = threading.Event()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="wire")

    @staticmethod
    def _listen(port: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(16)
        return listener

    # --- what tests do -----------------------------------------------------------------------------------------------

    def cut(self) -> None:
        """Close every link, as a switch that loses power does; new links are taken."""
        with self._lock:
            for link in self._links:
                self._close(link)
            self._links.clear()

    def freeze(self) -> None:
        """Forward nothing more, in either direction, and close nothing. On return nothing is on its way."""
        with self._lock:
            self._frozen.set()

    def thaw(self) -> None:
        """Forward again, first of all what came meanwhile."""
        self._frozen.clear()

    def refuse(self) -> None:
        """Close every link and take no new one."""
        self._refusing.set()
        self.cut()

    def mend(self) -> None:
        """Take links and forward."""
        self._refusing.clear()
        self.thaw()

    # --- the forwarder -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._ended.is_set():
            with self._lock:
                links = list(self._links)
            ends = [] if self._frozen.is_set() else [end for link in links for end in link]
            with contextlib.suppress(OSError, ValueError):  # a link that was cut in this instant
                for ready in select.select([self._listener, *ends], [], [], LOOK_S)[0]:
                    if ready is self._listener:
                        self._accept()
                    else:
                        self._forward(ready, links)

    def _accept(self) -> None:
        near, _ = self._listener.accept()
        if self._refusing.is_set():
            near.close()
            return
        try:
            far = socket.create_connection(("127.0.0.1", self._to_port), 5)
        except OSError:
            near.close()
            return
        with self._lock:
            self._links.append((near, far))

    def _forward(self, ready: socket.socket, links: list[tuple[socket.socket, socket.socket]]) -> None:
        link = next(link for link in links if ready in link)
        other = link[1] if ready is link[0] else link[0]
        try:
            with self._lock:
                if self._frozen.is_set():
                    return
                piece = ready.recv(PIECE)
                if piece:
                    other.sendall(piece)
                    return
        except OSError:
            pass  # the one end or the other is gone: so is the link
        with self._lock:
            self._close(link)
            if link in self._links:
                self._links.remove(link)

    @staticmethod
    def _close(link: tuple[socket.socket, socket.socket]) -> None:
        for end in link:
            end.close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self.cut()
        self._listener.close()
