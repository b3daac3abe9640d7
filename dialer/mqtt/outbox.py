"""What waits for the broker: of each state the latest, of events so many."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from dialer.mqtt.tree import State, encode

log = structlog.get_logger(__name__)

# Policy when full: the oldest goes, is counted and logged; a broker that comes back after days is told the latest.
MOST_ALERTS: Final = 2_000
MOST_EVENTS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Message:
    """One message, ready to be sent."""

    topic: str
    payload: bytes


class Queue:
    """First in, first out; the first stays until it is known to have arrived."""

    def __init__(self, most: int) -> None:
        self._waiting: deque[Message] = deque()
        self._most = most
        self._news = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._full = False
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, message: Message) -> None:
        """Add one; when full the oldest goes."""
        if len(self._waiting) >= self._most:
            self._waiting.popleft()
            self.dropped += 1
            if not self._full:
                self._full = True
                log.warning("mqtt_dropped", topic=message.topic, bound=self._most)
        self._waiting.append(message)
        self._empty.clear()
        self._news.set()

    async def first(self) -> Message:
        """The oldest; waits for one."""
        while not self._waiting:
            self._news.clear()
            await self._news.wait()
        return self._waiting[0]

    def arrived(self, message: Message) -> None:
        """Forget it, if it has not been dropped meanwhile."""
        if self._waiting and self._waiting[0] is message:
            self._waiting.popleft()
        if not self._waiting:
            self._full = False
            self._empty.set()

    async def emptied(self) -> None:
        """Wait until nothing waits any more; set a time limit around it."""
        await self._empty.wait()


@dataclass(slots=True)
class Outbox:
    """Bounded: one payload a topic, and two bounded queues. ``root`` begins every topic."""

    root: str
    _known: dict[str, State | float | bytes] = field(default_factory=dict)  # by full topic
    _pending: dict[str, bytes] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _filled: asyncio.Event = field(default_factory=asyncio.Event)
    _payloads: dict[str, bytes] = field(default_factory=dict)
    alerts: Queue = field(default_factory=lambda: Queue(MOST_ALERTS))
    events: Queue = field(default_factory=lambda: Queue(MOST_EVENTS))

    def tell_states(
        self, states: Mapping[str, State | float], at: float, others: Mapping[str, bytes] | None = None
    ) -> None:
        """The whole retained tree as it is now; what has not changed is not sent, what is gone is cleared.

        ``others`` are retained too, by full topic.
        """
        wanted: dict[str, State | float | bytes] = {self.root + topic: state for topic, state in states.items()}
        wanted.update(others or {})
        for topic, state in wanted.items():
            if self._known.get(topic) != state:
                self._payloads[topic] = self._pending[topic] = _payload(state, at)
        for topic in self._known.keys() - wanted.keys():
            self._payloads.pop(topic, None)
            self._pending[topic] = b""
        if self._pending:
            self._news.set()
        self._known = wanted
        self._filled.set()

    async def filled(self) -> None:
        """Wait until the tree is known for the first time: only then can it be said what is not in it."""
        await self._filled.wait()

    def resend(self) -> None:
        """A new session: the broker may have forgotten everything."""
        self._pending = {**self._pending, **self._payloads}
        if self._pending:
            self._news.set()

    def knows(self, topic: str) -> bool:
        """Whether this full topic is in the tree now."""
        return topic in self._known

    async def next_states(self) -> list[Message]:
        """Everything that changed since the last call; waits until something does."""
        await self._news.wait()
        self._news.clear()
        pending, self._pending = self._pending, {}
        return [Message(topic, payload) for topic, payload in pending.items()]

    def tell_alert(self, topic: str, message: State, at: float) -> None:
        """Queue an event that must arrive."""
        self.alerts.put(Message(self.root + topic, encode(message, at)))

    def tell_event(self, topic: str, message: State, at: float) -> None:
        """Queue an event that may be lost: a step of a call, a reply."""
        self.events.put(Message(self.root + topic, encode(message, at)))


def _payload(state: State | float | bytes, at: float) -> bytes:
    if isinstance(state, bytes):
        return state
    return str(state).encode() if isinstance(state, (int, float)) else encode(state, at)
