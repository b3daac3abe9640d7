"""SIGHUP, ``systemctl reload``, ``dialer config reload``: read the configuration again while calls go on."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from dialer.config_file import Loaded
from dialer.config_live import Reread, reread
from dialer.daemon.notify import Notifier
from dialer.daemon.troubles import Troubles
from dialer.errors import DialerError

log = structlog.get_logger(__name__)


class Reloading:
    """Reads, judges, then hands the new configuration to ``put_in_force``; whatever fails, the old one stays whole."""

    def __init__(self, notifier: Notifier, troubles: Troubles, put_in_force: Callable[[Loaded], None]) -> None:
        self._notifier = notifier
        self._troubles = troubles
        self._put_in_force = put_in_force
        self._turn = asyncio.Lock()
        self._asked: set[asyncio.Task[None]] = set()

    def ask(self, running: Callable[[], Loaded]) -> None:
        """Reload soon, for a signal: what is wrong is told in the journal and among the troubles."""
        task = asyncio.create_task(self._told(running), name="reload")
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)

    async def _told(self, running: Callable[[], Loaded]) -> None:
        with suppress(DialerError):
            await self.reload(running)

    async def reload(self, running: Callable[[], Loaded]) -> Reread:
        """Read again what ``running`` was read from. Raises DialerError; nothing has changed then."""
        async with self._turn:
            before = running()
            self._notifier.reloading()
            try:
                found = await asyncio.to_thread(reread, before)
                self._put_in_force(found.loaded)
            except DialerError as error:
                log.error("reload_refused", why=str(error))  # noqa: TRY400 - the sentence says it all
                self._troubles.add(f"The configuration was not read again, the old one stays: {error}")
                raise
            finally:
                self._notifier.ready()
        self._tell(found)
        return found

    def _tell(self, found: Reread) -> None:
        log.info("config_reloaded", changed=list(found.changed))
        if found.kept:
            kept = ", ".join(found.kept)
            log.warning("reload_needs_restart", kept=list(found.kept))
            self._troubles.add(f"Changed in the configuration, but in force only after a restart: {kept}.")
