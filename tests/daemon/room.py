"""A lookout beside a bench: everything that judges the floor and tells of it, on a virtual clock."""

import time
from collections import deque
from collections.abc import Callable, Sized
from dataclasses import dataclass, field

from dialer.alerts.board import Board
from dialer.alerts.tally import Tally
from dialer.clock import Clock
from dialer.config_file import Loaded
from dialer.control.status import LinkStatus, MqttStatus, StatusSnapshot
from dialer.daemon.lookout import Lookout
from dialer.daemon.senses import Senses
from dialer.daemon.vitals import LoopLag, StoreProbe
from dialer.daemon.watch import Watch
from dialer.mqtt.outbox import Outbox
from tests.daemon.harness import NOW, Bench

CONFIG = """
[daemon]
state_dir = "."
[alerts]
language = "en"
hold_s = 0
clear_s = 0
trunk_min_calls = 3
min_calls = 3
[mqtt]
attempts = true
"""


@dataclass
class Room:
    """A lookout beside a bench; ``wall`` is the machine's clock, ``mqtt`` how the link to the broker stands."""

    bench: Bench
    loaded: Loaded
    wall: Callable[[], float] = lambda: NOW
    probe_clock: Clock = time.monotonic
    mqtt: Callable[[], MqttStatus | None] = lambda: None
    outbox: Outbox = field(default_factory=lambda: Outbox("dialer/test/"))

    def __post_init__(self) -> None:
        bench = self.bench
        self.watch = Watch(bench.engine, bench.store)
        self.probe = StoreProbe(bench.store, self.probe_clock)
        self.lag = LoopLag(_recent=deque(maxlen=3))
        self.backlog: Sized = ()
        self.senses = Senses(
            bench.engine,
            bench.store,
            self.probe,
            self.lag,
            lambda: self.loaded,
            lambda: len(self.backlog),
            wall=lambda: self.wall(),  # noqa: PLW0108 - another one later
        )
        self.lookout = Lookout(
            store=bench.store,
            senses=self.senses,
            tally=Tally(lambda: bench.now, 600),
            board=Board(self.loaded.config.alerts),
            snapshot=self.snapshot,
            loaded=lambda: self.loaded,
            clock=lambda: bench.now,
            campaign_of=bench.engine.floor.campaign_of,
            outbox=self.outbox,
        )
        bench.engine.followers.append(self.lookout.follow)

    def snapshot(self) -> StatusSnapshot:
        """The floor now."""
        return StatusSnapshot(
            at=self.bench.now,
            version="0",
            instance="test",
            started_at=NOW,
            draining=False,
            link=LinkStatus(up=self.bench.engine.floor.link_up, since=NOW),
            mqtt=self.mqtt(),
            campaigns=self.watch.campaigns(),
            agents=self.watch.agents(),
            trunks=tuple(self.bench.engine.floor.trunk_views()),
        )

    def look(self, after_s: float = 1.0) -> list[str]:
        """Look a little later; the kinds that stand."""
        self.bench.now += after_s
        self.lookout.look()
        return [alert.kind for alert in self.lookout.board.standing]
