"""The daemon's one door to Asterisk: commands in, events out, a link that mends itself."""

import asyncio
import random
from collections.abc import Callable
from enum import StrEnum

import structlog

from dialer.clock import Clock
from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.pbx import orders
from dialer.pbx.errors import PbxError, PbxLinkDownError, PbxLoginRefusedError, PbxTimeoutError
from dialer.pbx.manager import LinkManager
from dialer.pbx.settings import AmiSettings
from dialer.pbx.snapshot import Snapshot, join, take_snapshot
from dialer.pbx.translate import WANTED, never_existed, translate
from dialer.pbx.wire import Headers

log = structlog.get_logger(__name__)
_HANGUP_GRACE_S = 0.5  # OriginateResponse comes some 0.2 ms before the Hangup that says why
_HANGUP_TRIES = 2
_HANGUP_RETRY_S = 0.5
_NOTE_GRACE_S = 30.0  # how long a note outlives the snapshot that read it: the store commits long before


class LinkState(StrEnum):
    """Where the link stands, for `dialer status`."""

    DOWN = "down"
    CONNECTING = "connecting"
    SETTLING = "settling"
    UP = "up"
    REFUSED = "refused"


class Pbx:
    """Drives one Asterisk. ``on_event`` is called in order, in the loop's thread, and must not block.

    ``run`` keeps the link; while it is down, Originates are refused by an event and other commands are dropped, for the
    snapshot after the reconnect tells the floor what to decide again.
    """

    def __init__(
        self,
        settings: AmiSettings,
        on_event: Callable[[ev.Event], None],
        clock: Clock,
        rng: random.Random | None = None,
    ) -> None:
        self.state = LinkState.DOWN
        self.problem: str | None = None
        self.version = ""  # of Asterisk, known once a link was up
        self.turns = 0  # of the loop that keeps the link, whether or not there is one: who does not turn is stuck
        self._settings = settings
        self._on_event = on_event
        self._clock = clock
        self._rng = rng or random.Random()  # noqa: S311 -- jitter of a delay, no secret
        self._manager: LinkManager | None = None
        self._held: list[ev.Event] | None = None
        self._counts = dict.fromkeys(
            ("links", "link_losses", "logins_refused", "originates_sent", "originates_refused", "commands_dropped",
             "events_read", "floor_events", "event_failures", "bytes_dropped", "longest_backlog"), 0,
        )  # fmt: skip
        self._failures: dict[str, asyncio.TimerHandle] = {}
        self._ping_s = 0.0
        self._notes: frozenset[str] = frozenset()
        self._notes_due = 0.0

    def change_settings(self, settings: AmiSettings) -> None:
        """How to dial and how long to wait, from now on; what a login needs, at the next login."""
        self._settings = settings

    # --- the link ------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep the link for ever; ends only when cancelled."""
        failures = 0
        try:
            while True:
                was_up = await self._one_link()
                failures = 0 if was_up else failures + 1
                await asyncio.sleep(self._delay_s(failures))
        finally:
            self._close()
            self.state = LinkState.DOWN

    async def _one_link(self) -> bool:
        """Open a link and live on it until it is lost; whether it ever was up."""
        self.turns += 1
        self.state = LinkState.CONNECTING if self.state is not LinkState.REFUSED else LinkState.REFUSED
        try:
            await self._open()
            why = await self._live()
        except PbxLoginRefusedError as error:
            self._counts["logins_refused"] += 1
            self._end_link(str(error), LinkState.REFUSED)
            log.error("ami_login_refused", why=str(error), retry_in_s=self._settings.refused_retry_s)  # noqa: TRY400
            return False
        except PbxError as error:
            was_up = self.state is LinkState.UP
            self._end_link(str(error))
            return was_up
        self._end_link(why)
        return True

    async def _open(self) -> None:
        """Log in, ask what is alive, tell the floor, then what came meanwhile."""
        self._held = []
        self._manager = manager = LinkManager(self._settings, WANTED, self._take)
        await manager.open()
        self.state = LinkState.SETTLING
        snapshot = await self._snapshot(manager)
        self.version = str((await manager.ask("CoreSettings")).get("AsteriskVersion", ""))
        held, self._held = self._held, None
        self.state, self.problem = LinkState.UP, None
        self._counts["links"] += 1
        log.info("ami_link_up", alive=len(snapshot.alive), held=len(held), abandoned=len(snapshot.abandoned))
        for event in join(held, snapshot, self._clock()):
            self._tell(event)
        self._notes, self._notes_due = snapshot.noted, self._clock() + _NOTE_GRACE_S

    async def _snapshot(self, manager: LinkManager) -> Snapshot:
        try:
            return await take_snapshot(manager)
        except* PbxError as errors:
            first = errors.exceptions[0]
            problem = first if isinstance(first, PbxError) else PbxLinkDownError("no snapshot")
        raise problem

    async def _live(self) -> str:
        """Ask for a sign of life now and then; return why the link ended."""
        manager = self._current()
        while True:
            self.turns += 1
            done, _ = await asyncio.wait({manager.lost}, timeout=self._settings.ping_interval_s)
            if done:
                return manager.lost.result()
            started = self._clock()
            try:
                await manager.ask("Ping", limit_s=self._settings.ping_timeout_s)
            except PbxTimeoutError as error:
                return f"the AMI link is frozen: {error}"
            self._ping_s = self._clock() - started
            if self._notes and self._clock() >= self._notes_due:
                self._forget_notes()

    def _forget_notes(self) -> None:
        notes, self._notes = self._notes, frozenset()
        for attempt_id in notes:
            self._post(orders.forget_note(attempt_id))

    def _end_link(self, why: str, state: LinkState = LinkState.DOWN) -> None:
        was_up = self.state is LinkState.UP
        self._close()
        self.state, self.problem, self._held = state, why, None
        if was_up:
            self._counts["link_losses"] += 1
            log.error("ami_link_lost", why=why)
            self._tell(ev.LinkLost(at=self._clock(), why=why))
        elif state is LinkState.DOWN:
            log.warning("ami_link_failed", why=why)

    def _close(self) -> None:
        manager, self._manager = self._manager, None
        if manager is not None:
            manager.close(abort=True)
            self._collect(manager)

    def _delay_s(self, failures: int) -> float:
        s = self._settings
        if self.state is LinkState.REFUSED:
            return s.refused_retry_s
        longest: float = min(s.backoff_last_s, s.backoff_first_s * 2 ** min(failures, 16))
        return longest * self._rng.uniform(0.5, 1.0)

    # --- events ----------------------------------------------------------------------------------------------------

    def _take(self, name: str, headers: Headers) -> None:
        """One event that Asterisk sent; an exception is logged and counted by the backlog's guard."""
        event = translate(name, headers, self._clock())
        if event is None:
            return
        if isinstance(event, ev.HungUp):
            self._cancel_failure(event.channel_id)
        if name == "OriginateResponse":
            self._hold_failure(event)
        elif self._held is None:
            self._tell(event)
        elif len(self._held) < self._settings.max_backlog:
            self._held.append(event)
        elif self._manager is not None:
            # A hole in the events would be worse than one more try at the whole snapshot.
            self._manager.close(abort=True)

    def _hold_failure(self, event: ev.Event) -> None:
        """Give the Hangup that follows, when there was a channel at all, the first word: it brings the true cause."""
        key = event.attempt_id if isinstance(event, ev.OriginateFailed) else getattr(event, "channel_id", "")
        loop = asyncio.get_running_loop()
        self._failures[key] = loop.call_later(_HANGUP_GRACE_S, self._tell_failure, key, event)

    def _tell_failure(self, key: str, event: ev.Event) -> None:
        del self._failures[key]
        self._tell(event)

    def _cancel_failure(self, key: str) -> None:
        timer = self._failures.pop(key, None)
        if timer is not None:
            timer.cancel()

    def _tell(self, event: ev.Event) -> None:
        self._counts["floor_events"] += 1
        try:
            self._on_event(event)
        except Exception:  # a guard: one bad event must not cost the link nor the events behind it
            self._counts["event_failures"] += 1
            call_id = getattr(event, "attempt_id", None)
            log.exception("floor_event_failed", floor_event=type(event).__name__, call_id=call_id)

    def _tell_soon(self, event: ev.Event) -> None:
        """Not now: the floor is in the middle of handing us commands."""
        asyncio.get_running_loop().call_soon(self._tell, event)

    # --- commands --------------------------------------------------------------------------------------------------

    def carry_out(self, command: cmd.Command) -> None:
        """Write the command's actions now and return; nothing is ever sent twice."""
        match command:
            case cmd.Originate():
                self._originate(command)
            case cmd.CallAgent():
                self._call_agent(command)
            case cmd.HangUp():
                self._hang_up(command, tries=_HANGUP_TRIES)
            case cmd.Say():
                self._post(orders.say(command))
            case cmd.AskDisposition():
                self._post(orders.ask_disposition(command))
            case cmd.TryRoute():
                self._post(orders.try_route())
            case _:
                raise TypeError(f"{type(command).__name__} is not a command for the PBX")

    def _originate(self, command: cmd.Originate) -> None:
        try:
            order = orders.originate(command, self._settings)
            self._current().post(*order, lambda answer: self._originate_answered(command.attempt_id, answer))
        except PbxError as error:
            self._refuse(command.attempt_id, str(error))
        else:
            self._counts["originates_sent"] += 1

    def _originate_answered(self, attempt_id: str, answer: Headers) -> None:
        if answer.get("Response") != "Success":
            self._refuse(attempt_id, f"Asterisk refused Originate: {answer.get('Message', 'no reason given')}")

    def _refuse(self, attempt_id: str, why: str) -> None:
        self._counts["originates_refused"] += 1
        self._tell_soon(ev.OriginateRefused(at=self._clock(), attempt_id=attempt_id, why=why))

    def _call_agent(self, command: cmd.CallAgent) -> None:
        def answered(answer: Headers) -> None:
            if answer.get("Response") != "Success":
                self._tell(never_existed(command.channel_id, self._clock()))

        try:
            self._current().post(*orders.call_agent(command, self._settings), answered)
        except PbxError as error:
            log.warning("agent_not_called", agent_id=command.agent_id, why=str(error))
            self._tell_soon(never_existed(command.channel_id, self._clock()))

    def _hang_up(self, command: cmd.HangUp, tries: int) -> None:
        def refused() -> None:
            # A call hung up the moment it was dialed may have no channel yet: Asterisk makes it in another thread.
            if tries > 1:
                asyncio.get_running_loop().call_later(_HANGUP_RETRY_S, self._hang_up, command, tries - 1)

        self._post(orders.hang_up(command), refused)

    def _post(self, order: orders.Order, refused: Callable[[], None] = lambda: None) -> None:
        def answered(answer: Headers) -> None:
            if answer.get("Response") != "Success":
                log.info("ami_action_refused", action=order.name, why=answer.get("Message", ""))
                refused()

        try:
            self._current().post(*order, answered)
        except PbxError as error:
            self._counts["commands_dropped"] += 1
            log.info("ami_action_dropped", action=order.name, why=str(error))

    def _current(self) -> LinkManager:
        if self._manager is None or self.state is not LinkState.UP:
            raise PbxLinkDownError("The AMI link is down.")
        return self._manager

    # --- for status and metrics --------------------------------------------------------------------------------------

    def stats(self) -> dict[str, float | int | str | None]:
        """Counters since the start, and the state of the link now."""
        manager = self._manager
        counts = dict(self._counts)
        if manager is not None:
            counts["events_read"] += manager.events_read
        return {**counts, "state": self.state.value, "problem": self.problem, "ping_s": self._ping_s,
                "backlog": len(manager.backlog) if manager else 0}  # fmt: skip

    def _collect(self, manager: LinkManager) -> None:
        self._counts["events_read"] += manager.events_read
        self._counts["event_failures"] += manager.backlog.failures
        self._counts["bytes_dropped"] += manager.bytes_dropped
        self._counts["longest_backlog"] = max(self._counts["longest_backlog"], manager.backlog.longest)
