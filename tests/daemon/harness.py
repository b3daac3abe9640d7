"""A daemon's engine and dial loop on a real store, with a PBX that only listens."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dialer.daemon.dialing import DialingBounds, DialLoop
from dialer.daemon.engine import Engine
from dialer.daemon.troubles import Troubles
from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.floor import Floor
from dialer.floor.words import CampaignState
from dialer.store import Store
from tests.unit.store.helpers import LAB, add_leads

NOW = 1_790_000_000.0
SETTINGS = ev.CampaignSettings("c1", "trunk", "+33162000000", wrap_up_s=5.0)


@dataclass
class ListeningPbx:
    """Keeps what it was asked to do."""

    done: list[cmd.Command] = field(default_factory=list)

    def carry_out(self, command: cmd.Command) -> None:
        self.done.append(command)

    def dialed(self) -> list[str]:
        """The numbers dialed, in order."""
        return [command.number for command in self.done if isinstance(command, cmd.Originate)]


@dataclass
class Bench:
    """One campaign, its leads and a virtual clock."""

    store: Store
    now: float = NOW
    pbx: ListeningPbx = field(default_factory=ListeningPbx)

    def __post_init__(self) -> None:
        self.engine = Engine(Floor(), self.pbx, self.store, lambda: self.now)
        self.troubles = Troubles(lambda: self.now)
        bounds = DialingBounds(tick_s=0.01, max_lines=50, max_calls_per_s=100)
        self.loop = DialLoop(self.engine, self.store, bounds, self.troubles, wall=lambda: self.now)

    async def open(self, numbers: Sequence[str], agents: int = 3) -> None:
        """A running campaign with these numbers and agents who wait on the line."""
        await self.store.create_campaign(SETTINGS, law=LAB)
        await self.store.set_campaign_state("c1", CampaignState.RUNNING, "test")
        await add_leads(self.store, [[number] for number in numbers], campaign_id="c1")
        self.tell(ev.CampaignChanged(at=self.now, settings=SETTINGS, state=CampaignState.RUNNING))
        self.tell(ev.LinkRestored(at=self.now))
        for number in range(agents):
            name, line = f"a{number}", f"line-{number}"
            self.tell(ev.AgentChanged(at=self.now, settings=ev.AgentSettings(name, "c1", name)))
            self.tell(ev.AgentArrived(at=self.now, agent_id=name, channel_id=line, channel=line))
            self.tell(ev.BridgeEntered(at=self.now, channel_id=line, bridge_id="hold", holding=True))

    def tell(self, event: ev.Event) -> None:
        """One event."""
        self.engine.submit(event)


async def put_on_record(store: Store, *agents: str) -> None:
    """Agents of c1 whom the store knows, so that what they do can be kept."""
    hire = "INSERT INTO agents VALUES (?, '', 'c1', ?, 'on_line', '', 0)"
    await store.write(lambda db: db.executemany(hire, [(agent, agent) for agent in agents]).rowcount)
