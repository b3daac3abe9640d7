"""Between the floor and the edges: events in, commands carried out, deadlines kept, nothing waited for."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import structlog

from dialer.clock import Clock
from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.floor import Floor

log = structlog.get_logger(__name__)

# After these the floor may want another number of calls; the dial loop looks at once.
TELLING = (
    ev.HungUp,
    ev.OriginateFailed,
    ev.OriginateRefused,
    ev.CallAnswered,
    ev.BridgeEntered,
    ev.LinkRestored,
    ev.CampaignChanged,
    ev.AgentReadyRequested,
    ev.AgentPauseRequested,
    ev.AgentLogoutRequested,
    ev.KeyPressed,
    ev.Disposed,
    ev.CallWanted,
)
PBX_COMMANDS = (cmd.Originate, cmd.CallAgent, cmd.HangUp, cmd.Say, cmd.AskDisposition, cmd.TryRoute)
# The dialplan gives up by itself before this; the bound only keeps a lost answer from staying for ever.
ROUTE_LIMIT_S = 15.0


class PbxDoor(Protocol):
    """The part of the PBX room that the engine needs."""

    def carry_out(self, command: cmd.Command) -> None:
        """Write the command now and return."""


class RecordDoor(Protocol):
    """The part of the store that the engine needs."""

    def record(self, records: Sequence[cmd.Command]) -> None:
        """Take records without waiting."""


class Engine:
    """Runs one floor. ``submit`` has carried everything out on return."""

    def __init__(self, floor: Floor, pbx: PbxDoor, store: RecordDoor, clock: Clock) -> None:
        self.floor = floor
        self.clock = clock
        self.wanted = asyncio.Event()  # set when the dial loop should look
        # Who count and tell what the floor does: called when all is carried out, must not wait.
        self.followers: list[Callable[[Sequence[cmd.Command]], None]] = []
        self._pbx = pbx
        self._store = store
        self._asking: dict[str, asyncio.Future[str | None]] = {}
        self._sooner = asyncio.Event()
        self._awaited: float | None = None  # the deadline that ``keep_time`` sleeps for

    def submit(self, event: ev.Event) -> None:
        """Hand an event to the floor and carry out what follows. Raises what the floor refuses (DialerError)."""
        commands = self.floor.handle(event)
        self.carry_out(commands)
        if isinstance(event, TELLING) or (isinstance(event, ev.Tick) and commands):
            self.wanted.set()
        if self.floor.next_deadline != self._awaited:
            self._sooner.set()

    def carry_out(self, commands: Sequence[cmd.Command]) -> None:
        """Answer the dialplan first, then the PBX, then the record: the person waits for the first."""
        records = []
        for command in commands:
            if isinstance(command, cmd.AnswerRoute):
                self._answer(command)
            elif isinstance(command, PBX_COMMANDS):
                self._pbx.carry_out(command)
            elif not isinstance(command, cmd.TrunkMoved):  # for the followers alone
                records.append(command)
        if records:
            self._store.record(records)
        for follow in self.followers:
            guarded(partial(follow, commands))

    async def route(self, attempt_id: str, failed_channel: str | None) -> str | None:
        """What the dialplan of an answered call asks: an agent's channel, or None for the message."""
        answer = asyncio.get_running_loop().create_future()
        if (before := self._asking.pop(attempt_id, None)) is not None:
            before.cancel()
        self._asking[attempt_id] = answer
        try:
            self.submit(ev.RouteAsked(at=self.clock(), attempt_id=attempt_id, failed_channel=failed_channel))
            async with asyncio.timeout(ROUTE_LIMIT_S):
                channel: str | None = await answer
                return channel
        finally:
            if self._asking.get(attempt_id) is answer:
                del self._asking[attempt_id]

    @property
    def waiting_routes(self) -> int:
        """How many dialplans wait for an answer now."""
        return len(self._asking)

    def _answer(self, command: cmd.AnswerRoute) -> None:
        answer = self._asking.pop(command.attempt_id, None)
        if answer is not None and not answer.done():
            answer.set_result(command.agent_channel)

    async def keep_time(self) -> None:
        """Tick the floor whenever one of its deadlines is due; for ever."""
        while True:
            self._sooner.clear()
            self._awaited = deadline = self.floor.next_deadline
            await self._sleep_until(deadline)
            if deadline is not None and deadline <= self.clock():
                guarded(lambda: self.submit(ev.Tick(at=self.clock())))

    def timekeeping(self) -> object:
        """Changes for as long as no deadline is overdue; for those who watch over ``keep_time``."""
        deadline, now = self.floor.next_deadline, self.clock()
        return now if deadline is None or deadline > now else deadline

    async def _sleep_until(self, deadline: float | None) -> None:
        pause = None if deadline is None else max(0.0, deadline - self.clock())
        try:
            async with asyncio.timeout(pause):
                await self._sooner.wait()
        except TimeoutError:
            return


def guarded(action: Callable[[], None]) -> None:
    """Run one step of an eternal task: a fault in it is loud, and the floor works on."""
    try:
        action()
    except Exception:  # a guard: forty agents on the line must not lose their calls to one bad step
        log.exception("floor_step_failed")
