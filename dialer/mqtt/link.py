"""The connection to the broker: kept while there is one, tried again while there is none, never waited for."""

import asyncio
import contextlib
import logging
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

import aiomqtt
import structlog

from dialer.clock import Clock, steady_clock
from dialer.config_file import Loaded, require_closed
from dialer.control.status import MqttStatus
from dialer.errors import DialerError
from dialer.mqtt.outbox import Outbox, Queue
from dialer.mqtt.tree import OFFLINE, ONLINE

log = structlog.get_logger(__name__)

BACKOFF_FIRST_S: Final = 0.5
STEADY_S: Final = 30.0  # a session that lasted this long ended by chance, not because the broker refuses us
FAREWELL_S: Final = 4.0
LAST_ALERTS_S: Final = 2.0  # of the farewell; the rest of it is for saying offline
AT_A_TIME: Final = 100  # states on their way to the broker
INCOMING: Final = 5_000  # messages that wait; what comes beyond is dropped
STALE: Final = ("campaign/+/+", "agent/+/state", "trunk/+/state")
STALE_QUIET_S: Final = 2.0

# aiomqtt and paho write to the standard logging, past the journal.
_SILENT: Final = logging.getLogger("dialer.mqtt.silent")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False

Message = aiomqtt.Message
Received = Callable[[Message], Awaitable[None]]


class _Client(aiomqtt.Client):
    """aiomqtt leaves the socket open when a broker takes the connection and then says nothing; so this closes it."""

    def abandon(self) -> None:
        """Close whatever is open, whether or not the session ever began."""
        # Not disconnect(): it would have the loop watch a descriptor that is closed by then.
        self._client._sock_close()  # noqa: SLF001
        if self._misc_task is not None:
            self._misc_task.cancel()

    def certificate_ends_at(self) -> float | None:
        """When the broker's certificate ends, seconds since the epoch; None without TLS."""
        transport = self._client.socket()
        found = transport.getpeercert() if isinstance(transport, ssl.SSLSocket) else None
        return ssl.cert_time_to_seconds(str(found["notAfter"])) if found and "notAfter" in found else None


@dataclass(slots=True)
class MqttLink:
    """``async with`` keeps the connection. ``wishes``: topic filters below the root, and what takes their messages."""

    loaded: Loaded
    outbox: Outbox
    wishes: Mapping[str, Received] = field(default_factory=dict)
    absolute_wishes: Mapping[str, Received] = field(default_factory=dict)
    clock: Clock = field(default_factory=steady_clock)
    up: bool = False
    problem: str = ""
    sessions: int = 0
    certificate_ends_at: float | None = None
    _since: float = 0.0
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None
    _rng: random.Random = field(default_factory=random.Random)

    async def __aenter__(self) -> Self:
        self._since = self.clock()
        self._task = asyncio.create_task(self._run(), name="mqtt")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping.set()
        task = self._task
        assert task is not None  # noqa: S101 - entered
        await asyncio.wait([task], timeout=FAREWELL_S)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def status(self) -> MqttStatus:
        """How the connection stands, and what could not be kept for the broker."""
        return MqttStatus(
            up=self.up,
            since=self._since,
            why=self.problem,
            alerts_dropped=self.outbox.alerts.dropped,
            events_dropped=self.outbox.events.dropped,
        )

    async def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                await self._session()
            except* (aiomqtt.MqttError, OSError, TimeoutError, DialerError, ssl.SSLError) as group:
                self._note_down(_why(group))
            except* Exception:  # a guard: whatever a broker sends, calls go on, and the next try may be better
                log.exception("mqtt_failed")
                self._note_down("a fault of the program")
            failures = 0 if time.monotonic() - began > STEADY_S else failures + 1
            await self._pause(failures)

    async def _pause(self, failures: int) -> None:
        wait_s = pause_s(failures, self.loaded.config.mqtt.reconnect_max_s, self._rng.random())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._stopping.wait()

    def _note_down(self, why: str) -> None:
        if self.up or why != self.problem:
            log.warning("mqtt_down", why=why)
        if self.up:
            self._since = self.clock()
        self.up, self.problem = False, why

    async def _session(self) -> None:
        client = self._client()
        try:
            async with client:
                try:
                    await self._converse(client)
                except BaseException:
                    client.abandon()  # leaving politely would have the broker drop the last will
                    raise
        finally:
            client.abandon()

    def _client(self) -> _Client:
        settings = self.loaded.config.mqtt
        instance = self.loaded.config.daemon.instance
        return _Client(
            settings.host,
            settings.port,
            username=settings.user or None,
            password=self.loaded.mqtt_password(),
            identifier=f"dialer-{instance}",
            will=aiomqtt.Will(f"{self.outbox.root}status", OFFLINE, qos=1, retain=True),
            clean_session=True,
            keepalive=settings.keepalive_s,
            timeout=settings.timeout_s,
            max_queued_incoming_messages=INCOMING,
            tls_context=self._tls() if settings.tls else None,
            logger=_SILENT,
        )

    def _tls(self) -> ssl.SSLContext:
        settings = self.loaded.config.mqtt
        context = ssl.create_default_context(cafile=str(settings.tls_ca_file) if settings.tls_ca_file else None)
        if settings.tls_key_file is not None:
            require_closed(settings.tls_key_file)
        if settings.tls_cert_file is not None:
            context.load_cert_chain(settings.tls_cert_file, settings.tls_key_file)
        return context

    async def _converse(self, client: _Client) -> None:
        self.certificate_ends_at = client.certificate_ends_at()
        await client.publish(f"{self.outbox.root}status", ONLINE, qos=1, retain=True)
        self.up, self.problem, self.sessions = True, "", self.sessions + 1
        self._since = self.clock()
        log.info("mqtt_up", host=self.loaded.config.mqtt.host)
        self.outbox.resend()
        works = [self._send_states(client), self._send_alerts(client), self._send_events(client)]
        works += [self._receive(client), self._clear_stale(client)]
        tasks = [asyncio.create_task(work, name="mqtt-session") for work in works]
        stop = asyncio.create_task(self._stopping.wait(), name="mqtt-stop")
        try:
            await self._until_ended(tasks, stop)
            await self._say_farewell(client)
        finally:
            for task in (*tasks, stop):
                task.cancel()
            await asyncio.gather(*tasks, stop, return_exceptions=True)

    async def _until_ended(self, tasks: list[asyncio.Task[None]], stop: asyncio.Task[Any]) -> None:
        """Until the daemon stops; the first fault of a task is raised. Only the clearing ends by itself."""
        left = {*tasks, stop}
        while stop in left:
            done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stop}:
                task.result()

    async def _say_farewell(self, client: _Client) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_ALERTS_S):
                await self.outbox.alerts.emptied()  # its task sends
        if waiting := len(self.outbox.alerts):
            log.warning("mqtt_alerts_left", alerts=waiting)
        await client.publish(f"{self.outbox.root}status", OFFLINE, qos=1, retain=True)
        self.up = False
        log.info("mqtt_closed")

    async def _send_states(self, client: _Client) -> None:
        while True:
            waiting = await self.outbox.next_states()
            # Many at a time: each publish alone waits for a turn of the loop, and a floor's changes are hundreds.
            for start in range(0, len(waiting), AT_A_TIME):
                some = waiting[start : start + AT_A_TIME]
                await asyncio.gather(*(client.publish(each.topic, each.payload, qos=0, retain=True) for each in some))

    async def _send_alerts(self, client: _Client) -> None:
        await self._send(client, self.outbox.alerts, qos=1)

    async def _send_events(self, client: _Client) -> None:
        await self._send(client, self.outbox.events, qos=0)

    async def _send(self, client: _Client, queue: Queue, qos: int) -> None:
        while True:
            message = await queue.first()
            await client.publish(message.topic, message.payload, qos=qos)
            queue.arrived(message)

    # --- what comes ---------------------------------------------------------------------------------------------------

    async def _receive(self, client: _Client) -> None:
        takers = {self.outbox.root + topic: taker for topic, taker in self.wishes.items()} | dict(self.absolute_wishes)
        for topic in takers:
            await client.subscribe(topic, qos=1)
        async for message in client.messages:
            taken = next((taker for topic, taker in takers.items() if message.topic.matches(topic)), None)
            if taken is not None:
                await taken(message)
            elif message.retain and message.payload and not self.outbox.knows(str(message.topic)):
                # Of a campaign, agent or trunk that is gone since before we started.
                await client.publish(str(message.topic), b"", qos=0, retain=True)

    async def _clear_stale(self, client: _Client) -> None:
        """Have the broker show what it retains below our root, once a session; the rest is done where it arrives."""
        await self.outbox.filled()
        topics = [self.outbox.root + topic for topic in STALE]
        for topic in topics:
            await client.subscribe(topic, qos=0)
        await asyncio.sleep(STALE_QUIET_S)
        await client.unsubscribe(topics)


def pause_s(failures: int, most_s: float, chance: float) -> float:
    """Seconds before the next attempt after so many sessions that failed or soon ended.

    ``chance``, from 0 to 1, takes up to half of it away, so that a hundred clients do not come back to a broker at one
    instant.
    """
    longest: float = min(most_s, BACKOFF_FIRST_S * 2 ** min(failures, 16))
    return longest * (1.0 - 0.5 * chance)


def _why(group: BaseExceptionGroup[Exception]) -> str:
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return str(first) or type(first).__name__
