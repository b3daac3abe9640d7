"""Puts together what watches the floor and tells of it: tally, rules, board, MQTT."""

import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from dialer.alerts.board import Board
from dialer.alerts.tally import Tally
from dialer.clock import Clock
from dialer.config_file import Loaded
from dialer.control.handlers import control_handlers
from dialer.control.services import Services
from dialer.control.status import StatusSnapshot
from dialer.daemon.engine import Engine
from dialer.daemon.lookout import Lookout
from dialer.daemon.senses import Senses
from dialer.daemon.vitals import LoopLag, StoreProbe
from dialer.mqtt.commands import FILTER, MqttCommands
from dialer.mqtt.discovery import BIRTH
from dialer.mqtt.link import Message, MqttLink, Received
from dialer.mqtt.outbox import Outbox
from dialer.mqtt.tree import root
from dialer.store import Store
from dialer.store import alerts as records

Work = Coroutine[Any, Any, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What of the daemon is watched."""

    services: Services
    engine: Engine
    store: Store
    probe: StoreProbe
    lag: LoopLag
    ami_backlog: Callable[[], int]
    clock: Clock

    def loaded(self) -> Loaded:
        """The configuration in force."""
        return self.services.loaded

    def snapshot(self) -> StatusSnapshot:
        """The floor now."""
        return self.services.snapshot()


@dataclass(frozen=True, slots=True)
class Telling:
    """``lookout`` serves the commands on alerts; ``link`` is None without MQTT."""

    lookout: Lookout
    senses: Senses
    link: MqttLink | None

    def works(self) -> dict[str, Work]:
        """The eternal tasks, by name."""
        return {
            "lookout": self.lookout.run(),
            "alert_records": self.lookout.keep(),
            "senses": self.senses.run(),
        }


async def open_telling(house: House, parts: contextlib.AsyncExitStack) -> Telling:
    """Begin to follow the engine; the connection to the broker ends with ``parts``."""
    loaded = house.loaded()
    config = loaded.config
    outbox = Outbox(root(config.mqtt, config.daemon.instance)) if config.mqtt.enabled else None
    link = (
        None
        if outbox is None
        else MqttLink(loaded, outbox, _wishes(house, outbox, parts), _births(loaded, outbox), house.clock)
    )
    senses = Senses(
        house.engine, house.store, house.probe, house.lag, house.loaded, house.ami_backlog, lambda: _certificates(link)
    )
    lookout = Lookout(
        store=house.store,
        senses=senses,
        tally=Tally(house.clock, config.alerts.window_s),
        board=Board(config.alerts),
        snapshot=house.snapshot,
        loaded=house.loaded,
        clock=house.clock,
        campaign_of=house.engine.floor.campaign_of,
        outbox=outbox,
    )
    await lookout.restore()
    house.engine.followers.append(lookout.follow)
    if link is not None:
        await parts.enter_async_context(link)
    return Telling(lookout, senses, link)


def _wishes(house: House, outbox: Outbox, parts: contextlib.AsyncExitStack) -> dict[str, Received]:
    """What is listened to: commands, where anybody may give one. ``parts`` ends the last of them."""
    if not house.loaded().config.mqtt.commands:
        return {}

    async def audit(entry: records.Audit) -> None:
        await house.store.write(lambda db: records.write_audit(db, entry))

    commands = MqttCommands(
        settings=lambda: house.loaded().config.mqtt,
        handlers=control_handlers(house.services),
        outbox=outbox,
        audit=audit,
        clock=house.clock,
    )
    parts.push_async_callback(commands.close)
    return {FILTER: commands.take}


def _births(loaded: Loaded, outbox: Outbox) -> dict[str, Received]:
    """Home Assistant has started anew: it is told everything again."""

    async def born(message: Message) -> None:
        if not message.retain:
            outbox.resend()

    prefix = loaded.config.mqtt.discovery
    return {f"{prefix}/{BIRTH}": born} if prefix else {}


def _certificates(link: MqttLink | None) -> dict[str, float]:
    if link is None or link.certificate_ends_at is None:
        return {}
    return {"mqtt": link.certificate_ends_at}
