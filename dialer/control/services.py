"""What the commands need of the daemon; and the same without a daemon, on the store alone."""

import asyncio
import time
from typing import Final, Protocol

from dialer.alerts.board import Alert, Board, Silence
from dialer.config_file import Loaded
from dialer.config_live import Reread
from dialer.control.status import StatusSnapshot
from dialer.control.wire import NoDaemonError, RefusedError
from dialer.floor.events import Event
from dialer.store.store import Store

_START: Final = "Start it with `systemctl start dialerd` or `dialer run`."


class AlertDesk(Protocol):
    """The alerts that stand, and what people do about them."""

    @property
    def board(self) -> Board:
        """What stands, and what is silenced."""
        ...

    def acknowledge(self, alert_id: str, by: str) -> Alert:
        """Somebody has taken an alert on. Raises NoSuchAlertError."""
        ...

    async def silence(self, silence: Silence) -> None:
        """Do not tell what it covers. Raises StoreUnavailable."""
        ...


class Services(Protocol):
    """The daemon as its commands see it."""

    @property
    def alerts(self) -> AlertDesk:
        """The alerts. Raises NoDaemonError where none are watched."""
        ...

    @property
    def loaded(self) -> Loaded:
        """The configuration in force."""
        ...

    @property
    def changing(self) -> asyncio.Lock:
        """Held from reading a campaign to telling the floor of its change: two at once would undo each other there."""
        ...

    @property
    def store(self) -> Store:
        """The store, open."""
        ...

    @property
    def live(self) -> bool:
        """Whether a floor is at work; without one, commands change the store alone."""
        ...

    def now(self) -> float:
        """The floor's clock, seconds since the epoch."""
        ...

    def submit(self, event: Event) -> None:
        """Hand an event to the floor, which has handled it on return. Raises what the floor refuses (DialerError)."""
        ...

    def snapshot(self) -> StatusSnapshot:
        """The floor now."""
        ...

    async def reload(self) -> Reread:
        """Read the configuration again and put it in force. Raises DialerError; the old one stays whole then."""
        ...


class StoreOnly:
    """No daemon runs: the command line itself holds the store for the length of one command."""

    live = False

    def __init__(self, loaded: Loaded, store: Store | None = None) -> None:
        self.loaded = loaded
        self.changing = asyncio.Lock()
        self._store = store

    @property
    def store(self) -> Store:
        """The store that this command opened."""
        if self._store is None:
            raise RefusedError("This command looks only and has no store open.")
        return self._store

    @property
    def alerts(self) -> AlertDesk:
        """Nobody watches."""
        raise NoDaemonError("No daemon runs.", hint=_START)

    def now(self) -> float:
        """The wall clock."""
        return time.time()

    def submit(self, event: Event) -> None:
        """There is no floor to tell: the store is what the next daemon reads."""

    def snapshot(self) -> StatusSnapshot:
        """There is no floor to look at."""
        raise NoDaemonError("No daemon runs.", hint=_START)

    async def reload(self) -> Reread:
        """There is no daemon whose configuration could be changed."""
        raise NoDaemonError("No daemon runs.", hint="It reads its configuration when it starts.")
