"""Ask Asterisk what is alive, and join the answer with the events that came while it was given."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from dialer.floor import events as ev
from dialer.pbx.errors import PbxRefusedError
from dialer.pbx.manager import LinkManager
from dialer.pbx.orders import ACCOUNT
from dialer.pbx.wire import is_channel_id

log = structlog.get_logger(__name__)
_VARIABLES = ("DIALER_AGENT", "DIALER_ATTEMPT")
_MESSAGE_CONTEXTS = ("dialer-alone", "dialer-message")
_UP = "6"
_UNSET = "(null)"  # how Status shows a variable that the channel does not have
_ENDINGS = (ev.HungUp, ev.OriginateFailed, ev.OptedOut)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is alive, and the notes the dialplan left about attempts while nobody listened."""

    alive: tuple[ev.AliveChannel, ...]
    abandoned: frozenset[str] = frozenset()
    opted_out: frozenset[str] = frozenset()

    @property
    def noted(self) -> frozenset[str]:
        """The attempts with a note to delete."""
        return self.abandoned | self.opted_out


async def take_snapshot(manager: LinkManager) -> Snapshot:
    """What is alive now. Raises what ``ask_list`` raises: no snapshot, no link.

    One ``Status`` brings every channel with our variables, where CoreShowChannels and a Getvar for each channel would
    be hundreds of actions, each at another instant.
    """
    async with asyncio.TaskGroup() as tasks:
        bridges = tasks.create_task(manager.ask_list("BridgeList"))
        channels = tasks.create_task(manager.ask_list("Status", {"Variables": ",".join(_VARIABLES)}))
        abandoned = tasks.create_task(_notes(manager, "dialer/abandoned"))
        opted_out = tasks.create_task(_notes(manager, "dialer/optout"))
    holding = {b["BridgeUniqueid"] for b in bridges.result() if b["BridgeTechnology"] == "holding_bridge"}
    alive = tuple(_alive(channel, holding) for channel in channels.result() if _is_ours(channel))
    return Snapshot(alive, abandoned.result(), opted_out.result())


def join(held: list[ev.Event], snapshot: Snapshot, at: float) -> list[ev.Event]:
    """Events that came between login and the end of the snapshot, and the snapshot, in an order that ends true.

    What ended has ended, whether the snapshot still saw it or not: endings come first and bring their causes. What
    happened to a channel that is gone by now is of no use and left out. The rest may be older than the snapshot, but
    it runs past it, so that the last event of each channel is the newest truth.
    """
    gone = {event.channel_id for event in held if isinstance(event, ev.HungUp)}
    # Before the endings: the floor forgets an attempt that has ended, and with it whose wish it was.
    wishes = [ev.OptedOut(at=at, attempt_id=attempt_id) for attempt_id in sorted(snapshot.opted_out)]
    endings = [event for event in held if isinstance(event, _ENDINGS)]
    rest = [event for event in held if not isinstance(event, _ENDINGS) and _channel_of(event) not in gone]
    alive = tuple(channel for channel in snapshot.alive if channel.channel_id not in gone)
    return [*wishes, *endings, ev.LinkRestored(at=at, alive=alive, abandoned=snapshot.abandoned), *rest]


def _channel_of(event: ev.Event) -> str:
    return str(getattr(event, "channel_id", None) or getattr(event, "attempt_id", ""))


def _is_ours(status: Mapping[str, str | list[str]]) -> bool:
    return str(status["AccountCode"]).startswith(ACCOUNT)


def _alive(status: Mapping[str, str | list[str]], holding: set[str]) -> ev.AliveChannel:
    variables = _variables(status.get("Variable", []))
    bridge_id = str(status.get("BridgeID", ""))
    return ev.AliveChannel(
        channel_id=str(status["Uniqueid"]),
        channel=str(status["Channel"]),
        up=status["ChannelState"] == _UP,
        bridge_id=bridge_id,
        holding=bridge_id in holding,
        agent_id=variables.get("DIALER_AGENT", ""),
        attempt_id=variables.get("DIALER_ATTEMPT", ""),
        in_message=status.get("Context") in _MESSAGE_CONTEXTS,
    )


def _variables(lines: str | list[str]) -> dict[str, str]:
    pairs = (line.partition("=") for line in ([lines] if isinstance(lines, str) else lines))
    return {name: value for name, _, value in pairs if value != _UNSET}


async def _notes(manager: LinkManager, family: str) -> frozenset[str]:
    try:
        notes = await manager.ask_list("DBGetTree", {"Family": family})
    except PbxRefusedError as error:
        # Some versions call an empty tree an error; one older than 20.5 does not know the action at all.
        if "not found" not in str(error):
            log.warning("abandoned_notes_unread", family=family, why=str(error))
        return frozenset()
    keys = (note["Key"].rpartition("/")[2] for note in notes)
    return frozenset(key for key in keys if is_channel_id(key))
