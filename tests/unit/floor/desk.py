"""A floor with a pen: says short words, keeps every command, plays a well-behaved Asterisk where asked."""

from typing import TypeVar

from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.floor import Floor
from dialer.floor.words import AgentState, CampaignState, LineMode, Result

C = TypeVar("C", bound=cmd.Command)
NINE = 1_790_000_000.0


class Desk:
    """Drives a Floor in virtual time."""

    def __init__(self, *, wrap_up_s: float = 20.0, link: bool = True, **settings: object) -> None:
        self.floor = Floor()
        self.now = NINE
        self.commands: list[cmd.Command] = []
        self.settings = ev.CampaignSettings("c1", "trunk", "+33162000000", wrap_up_s=wrap_up_s, **settings)  # type: ignore[arg-type]
        self.tell(ev.CampaignChanged(at=self.now, settings=self.settings, state=CampaignState.RUNNING))
        if link:
            self.tell(ev.LinkRestored(at=self.now))

    def tell(self, event: ev.Event) -> list[cmd.Command]:
        """One event; what it caused."""
        caused = list(self.floor.handle(event))
        self.commands += caused
        return caused

    def wait(self, seconds: float) -> list[cmd.Command]:
        """Let time pass."""
        self.now += seconds
        return self.tell(ev.Tick(at=self.now))

    def agent(self, name: str = "a1", mode: LineMode = LineMode.ON_LINE) -> str:
        """An agent who logs in and waits on the line; the channel id."""
        self.tell(ev.AgentChanged(at=self.now, settings=ev.AgentSettings(name, "c1", f"phone-{name}", mode)))
        channel = f"line-{name}"
        self.tell(ev.AgentArrived(at=self.now, agent_id=name, channel_id=channel, channel=f"PJSIP/{name}"))
        self.hold(channel)
        return channel

    def hold(self, channel: str) -> list[cmd.Command]:
        """The channel enters the holding bridge."""
        return self.tell(ev.BridgeEntered(at=self.now, channel_id=channel, bridge_id="hold", holding=True))

    def dial(self, *names: str) -> None:
        """Attempts are committed and dialed."""
        attempts = tuple(ev.NewAttempt(name, "c1", 1, "+33199000001", self.now) for name in names)
        self.tell(ev.AttemptsReserved(at=self.now, attempts=attempts))

    def answer(self, name: str, *, ask: bool = True) -> list[cmd.Command]:
        """The person picks up, and the dialplan asks."""
        caused = self.tell(ev.CallAnswered(at=self.now, attempt_id=name))
        if ask:
            caused += self.tell(ev.RouteAsked(at=self.now, attempt_id=name))
        return caused

    def bridge(self, name: str, channel: str) -> list[cmd.Command]:
        """Asterisk moves both into one bridge."""
        self.tell(ev.BridgeLeft(at=self.now, channel_id=channel, bridge_id="hold", holding=True))
        caused = self.tell(ev.BridgeEntered(at=self.now, channel_id=channel, bridge_id=f"b-{name}", holding=False))
        return caused + self.tell(ev.BridgeEntered(at=self.now, channel_id=name, bridge_id=f"b-{name}", holding=False))

    def hang_up(self, channel: str, result: Result = Result.NO_ANSWER, cause: int = 16) -> list[cmd.Command]:
        """A channel is gone."""
        return self.tell(ev.HungUp(at=self.now, channel_id=channel, cause=cause, result=result))

    def talk(self, name: str, channel: str) -> None:
        """A whole connection."""
        self.dial(name)
        self.answer(name)
        self.bridge(name, channel)

    def state(self, agent: str = "a1") -> AgentState:
        """The agent's state."""
        return next(view.state for view in self.floor.agent_views() if view.agent_id == agent)

    def outcomes(self) -> dict[str, cmd.RecordOutcome]:
        """The last outcome of each attempt."""
        return {c.attempt_id: c for c in self.commands if isinstance(c, cmd.RecordOutcome)}

    def routes(self, name: str) -> list[str | None]:
        """What the dialplan of an attempt was answered, in order."""
        return [c.agent_channel for c in self.commands if isinstance(c, cmd.AnswerRoute) and c.attempt_id == name]


def only(commands: list[cmd.Command], kind: type[C]) -> list[C]:
    """The commands of one kind."""
    return [command for command in commands if isinstance(command, kind)]
