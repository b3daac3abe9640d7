"""Judges the floor twice a second, tells what a supervisor must know, and keeps on record what was told."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import structlog

from dialer.alerts.board import Alert, Board, Change, Silence
from dialer.alerts.facts import Facts
from dialer.alerts.kinds import KINDS
from dialer.alerts.tally import Tally
from dialer.alerts.words import Reading
from dialer.clock import Clock
from dialer.config_file import Loaded
from dialer.control.status import StatusSnapshot
from dialer.daemon.guards import Guards
from dialer.daemon.senses import Senses
from dialer.floor import commands as cmd
from dialer.mqtt.attempts import told_attempts
from dialer.mqtt.discovery import announcements
from dialer.mqtt.outbox import Outbox
from dialer.mqtt.tree import alert_message, alert_topic, states
from dialer.store import Store
from dialer.store import alerts as records
from dialer.store.errors import StoreUnavailable

log = structlog.get_logger(__name__)

JUDGE_EVERY_S: Final = 0.5  # without news states are looked at as often: some change with time alone
MOST_UNWRITTEN: Final = 1_000  # alerts that wait for a sick disk; the oldest goes, for it was told all the same
RETRY_S: Final = 5.0

CampaignOf = Callable[[str], str | None]


@dataclass(slots=True)
class Lookout:
    """Follows the engine. ``outbox``: None without MQTT. ``campaign_of``: the campaign of an open attempt."""

    store: Store
    senses: Senses
    tally: Tally
    board: Board
    snapshot: Callable[[], StatusSnapshot]
    loaded: Callable[[], Loaded]
    clock: Clock
    campaign_of: CampaignOf
    outbox: Outbox | None = None
    _guards: Guards = field(default_factory=Guards)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _judged_at: float = 0.0
    _facts: Facts | None = None
    _unwritten: deque[Alert] = field(default_factory=lambda: deque(maxlen=MOST_UNWRITTEN))
    _to_write: asyncio.Event = field(default_factory=asyncio.Event)

    async def restore(self) -> None:
        """Go on with the alerts and silences on record."""
        now = self.clock()
        standing = await self.store.read(records.standing)
        for alert in standing:
            if alert.kind not in KINDS:  # after a step back to an older version
                log.warning("alert_kind_unknown", kind=alert.kind, alert_id=alert.alert_id)
                self._put_on_record(replace(alert, resolved_at=now))
        standing = tuple(alert for alert in standing if alert.kind in KINDS)
        self.board.restore(standing, await self.store.read(lambda db: records.silences(db, now)))

    def follow(self, commands: Sequence[cmd.Command]) -> None:
        """Take in what the floor did; called by the engine."""
        if self.outbox is not None and self.loaded().config.mqtt.attempts:
            for topic, message, at in told_attempts(commands, self.campaign_of):
                self.outbox.tell_event(topic, {"instance": self._instance, **message}, at)
        self.tally.follow(commands)
        self._news.set()

    async def run(self) -> None:
        """For ever; ends only when cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(JUDGE_EVERY_S):
                    await self._news.wait()
            self._news.clear()
            self._guards.run("look", self.look)
            await asyncio.sleep(JUDGE_EVERY_S if self.outbox is None else self.loaded().config.mqtt.every_s)

    def look(self) -> None:
        """Look once: alerts when it is time, states always."""
        settings = self.loaded().config.alerts
        self.board.settings, self.tally.window_s = settings, settings.window_s
        now, status = self.clock(), self.snapshot()
        due = now - self._judged_at >= JUDGE_EVERY_S
        # Counting calls takes longer than a look at the floor, and is not needed as often.
        if due or self._facts is None:
            self._judged_at, facts = now, self._count(status)
        else:
            facts = replace(self._facts, at=now, status=status)
        self._facts = facts
        if due:
            self._judge(facts)
        if self.outbox is not None:
            self.outbox.tell_states(states(facts, self.board.standing), facts.at, self._announcements(facts))

    def _judge(self, facts: Facts) -> None:
        """Each rule and each change by itself: what is wrong with one is not to silence the others."""
        settings = self.board.settings
        read: list[tuple[str, Reading]] = []
        unread: set[str] = set()
        for name, kind in KINDS.items() if settings.enabled else ():
            seen = self._guards.run(f"rule {name}", partial(kind.read, facts, settings))
            read += seen or ()
            if seen is None:
                unread.add(name)
        for change in self.board.judge(read, facts.at, unread):
            self._tell(change, facts.at)

    def _announcements(self, facts: Facts) -> dict[str, bytes]:
        prefix = self.loaded().config.mqtt.discovery
        if self.outbox is None or not prefix:
            return {}
        return announcements(prefix, self.outbox.root, (each.campaign_id for each in facts.status.campaigns))

    def _count(self, status: StatusSnapshot) -> Facts:
        campaign_of = {agent.agent_id: agent.campaign_id for agent in status.agents}
        counted = self.tally.campaigns(campaign_of)
        campaigns = {}
        for campaign in status.campaigns:
            campaign_id = campaign.campaign_id
            known = self.senses.campaign(campaign_id, status.at)
            figures = counted.get(campaign_id)
            campaigns[campaign_id] = (
                known
                if figures is None
                else replace(
                    figures,
                    leads_callable=known.leads_callable,
                    next_lead_at=known.next_lead_at,
                    waits_for_law=known.waits_for_law,
                    usual_pick_up=known.usual_pick_up,
                    day_ends_at=known.day_ends_at,
                )
            )
        return Facts(
            at=status.at,
            status=status,
            campaigns=campaigns,
            trunks=self.tally.trunks(),
            caller_ids=self.tally.caller_ids(),
            agents=self.tally.agents(),
            machine=self.senses.machine(),
        )

    @property
    def _instance(self) -> str:
        return self.loaded().config.daemon.instance

    def _tell(self, change: Change, at: float) -> None:
        self._put_on_record(change.alert)
        self._guards.run(f"tell {change.alert.kind}", partial(self._say, change, at))

    def _put_on_record(self, alert: Alert) -> None:
        self._unwritten.append(alert)
        self._to_write.set()

    def _say(self, change: Change, at: float) -> None:
        alert, language = change.alert, self.loaded().config.alerts.language
        if self.outbox is not None:
            self.outbox.tell_alert(alert_topic(alert), alert_message(change, self._instance, language), at)
        tell = log.warning if change.state == "raised" else log.info
        tell(
            "alert",
            state=change.state,
            alert_id=alert.alert_id,
            kind=alert.kind,
            scope=alert.scope,
            subject=alert.subject,
            severity=str(alert.severity),
            cause=alert.text(language)[0],
        )

    # --- people ------------------------------------------------------------------------------------------------------

    def acknowledge(self, alert_id: str, by: str) -> Alert:
        """Somebody has taken an alert on. Raises NoSuchAlertError."""
        change = self.board.acknowledge(alert_id, by, self.clock())
        self._tell(change, self.clock())
        return change.alert

    async def silence(self, silence: Silence) -> None:
        """Do not tell what it covers; on record before it counts. Raises StoreUnavailable."""
        await self.store.write(lambda db: records.write_silence(db, silence, self.clock()))
        self.board.silence(silence)

    async def keep(self) -> None:
        """Put on record what was told; for ever."""
        while True:
            await self._to_write.wait()
            self._to_write.clear()
            while self._unwritten:
                alert = self._unwritten[0]
                try:
                    await self.store.write(lambda db, alert=alert: records.write_alert(db, alert))  # type: ignore[misc]
                except StoreUnavailable:
                    await asyncio.sleep(RETRY_S)
                    continue
                if self._unwritten and self._unwritten[0] is alert:
                    self._unwritten.popleft()
