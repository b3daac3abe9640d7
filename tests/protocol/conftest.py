"""A fake manager and a room that talks to it."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from dialer.floor.events import Event, LinkRestored
from dialer.pbx.link import Pbx
from dialer.pbx.settings import AmiSettings
from tests.protocol.fake_ami import FakeAmi, fake_ami

SETTINGS = AmiSettings(
    "dialer", "s3cret", backoff_first_s=0.001, backoff_last_s=0.005, refused_retry_s=0.01, ping_interval_s=30.0
)


@dataclass
class Room:
    """A ``Pbx`` under test, and everything it told the floor."""

    ami: FakeAmi
    pbx: Pbx
    events: list[Event] = field(default_factory=list)
    heard: asyncio.Condition = field(default_factory=asyncio.Condition)
    trouble: Callable[[Event], None] = lambda _: None
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def tell(self, event: Event) -> None:
        """What the daemon does with an event."""
        self.events.append(event)
        self.tasks.append(asyncio.create_task(self._wake()))
        self.trouble(event)

    async def _wake(self) -> None:
        async with self.heard:
            self.heard.notify_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the events make the condition true."""
        async with asyncio.timeout(5), self.heard:
            await self.heard.wait_for(condition)

    def of(self, kind: type[Event]) -> list[Event]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    async def up(self, links: int = 1) -> None:
        """Wait until the link is up for the n-th time."""
        await self.until(lambda: len(self.of(LinkRestored)) >= links)

    def run(self, **changes: float) -> None:
        """Start the room, with some settings changed."""
        settings = replace(SETTINGS, port=self.ami.port, **cast("dict[str, Any]", changes))
        self.pbx = Pbx(settings, self.tell, lambda: 1000.0, random.Random(1))
        self.tasks.append(asyncio.create_task(self.pbx.run()))


@pytest.fixture
async def ami() -> AsyncIterator[FakeAmi]:
    """A manager interface on a free port."""
    async with fake_ami() as fake:
        yield fake


@pytest.fixture
async def room(ami: FakeAmi) -> AsyncIterator[Room]:
    """A room for that manager; the test starts it."""
    room = Room(ami, Pbx(SETTINGS, lambda _: None, lambda: 0.0))
    yield room
    for task in room.tasks:
        task.cancel()
    await asyncio.gather(*room.tasks, return_exceptions=True)
