"""Carries a command to the running daemon; without one, does here what needs the store alone."""

import asyncio
import os

from dialer.config_file import Loaded
from dialer.control.client import ControlClient, OnPart
from dialer.control.wire import JsonObject, NoDaemonError

LOOK_ONLY = frozenset({"doctor"})  # must work, and help, when the store cannot be opened


class Reach:
    """The one way of the command line to get something done."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded

    def call(self, command: str, **params: object) -> JsonObject:
        """Carry out one command and return its result. Raises DialerError."""
        return self.stream(command, lambda _part: None, **params)

    def stream(self, command: str, on_part: OnPart, **params: object) -> JsonObject:
        """Like ``call``, and hands each part that comes ahead of the result to ``on_part``. Raises DialerError."""
        client = ControlClient(self._loaded.config.control_path)
        try:
            return client.stream(command, on_part, **params)
        except NoDaemonError:
            from dialer.control.handlers import STORE_COMMANDS

            if command not in STORE_COMMANDS:
                raise
        return asyncio.run(self._do_here(command, on_part, params))

    async def _do_here(self, command: str, on_part: OnPart, params: JsonObject) -> JsonObject:
        from dialer import log
        from dialer.control.handlers import store_handlers
        from dialer.control.server import Call, Peer
        from dialer.control.services import StoreOnly
        from dialer.control.trail import Trail
        from dialer.store.opening import open_store

        async def send(part: JsonObject) -> None:
            on_part(part)

        call = Call(params, Peer(os.getpid(), os.getuid()), send)
        if command in LOOK_ONLY:
            return await store_handlers(StoreOnly(self._loaded))[command](call)
        log.setup("warning")
        async with open_store(self._loaded.config.store_path) as store:
            services = StoreOnly(self._loaded, store)
            return await Trail(services, "command line").over(store_handlers(services))[command](call)
