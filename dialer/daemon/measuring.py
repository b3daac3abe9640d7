"""What the daemon's parts measure, put together for a scrape."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from dialer.config_file import Loaded
from dialer.control.status import StatusSnapshot
from dialer.daemon.dialing import DialLoop
from dialer.daemon.engine import Engine
from dialer.daemon.vitals import LoopLag
from dialer.metrics.figures import Figures
from dialer.metrics.reading import Reading
from dialer.metrics.server import MetricsServer
from dialer.pbx.fastagi import FastAgiServer
from dialer.pbx.link import Pbx
from dialer.store import Store
from dialer.store.backup import backups


@dataclass(frozen=True, slots=True)
class Measuring:
    """The parts that are asked."""

    loaded: Callable[[], Loaded]
    status: Callable[[], StatusSnapshot]
    pbx: Pbx
    fastagi: FastAgiServer
    engine: Engine
    store: Store
    loop: DialLoop
    lag: LoopLag
    figures: Figures

    async def read(self) -> Reading:
        """The numbers now. Only the folder of the backups is on a disk, and is looked at in a thread."""
        recorder = self.store.recorder
        return Reading(
            status=self.status(),
            pbx=self.pbx.stats(),
            fastagi=self.fastagi.stats(),
            figures=self.figures,
            commits=self.store.commits,
            lags=self.lag.lags,
            tasks=len(asyncio.all_tasks()),
            route_up=self.engine.floor.route_up,
            store_up=self.store.healthy,
            records_waiting=recorder.waiting,
            records_dropped=recorder.dropped,
            records_refused=recorder.refused,
            dial_cycles=self.loop.cycles,
            backup_at=await asyncio.to_thread(self._backup_at),
        )

    def _backup_at(self) -> float | None:
        return next((each.made_at for each in backups(self.loaded().config.backup_folder)), None)

    async def listen(self) -> MetricsServer:
        """Answer scrapes where the configuration says; nowhere when it says nothing."""
        config = self.loaded().config
        server = MetricsServer(self.read)
        if config.metrics.port is not None:
            await server.listen_at(config.metrics.host, config.metrics.port)
        if config.metrics.socket is not None:
            path = config.daemon.run_dir / config.metrics.socket
            await server.listen_on(path, config.metrics.socket_mode, config.metrics.socket_group)
        return server
