"""The live screen of ``dialer status --watch``: what a supervisor acts on, from 80 by 24 upwards."""

import time
from types import TracebackType
from typing import Any, Final, Self

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from dialer.cli.output import duration, percent
from dialer.cli.status import callback_words, pacing_words
from dialer.errors import DialerError

STATE_LOOKS: Final = {  # a sign beside the colour: colour alone is not enough
    "ready": ("●", "green"),
    "reserved": ("◐", "cyan"),
    "talking": ("▶", "bright_blue"),
    "wrap_up": ("✎", "yellow"),
    "paused": ("‖", "magenta"),
    "calling": ("☎", "cyan"),
    "offline": ("·", "bright_black"),
}
CAMPAIGN_LOOKS: Final = {"running": "green", "paused": "magenta", "stopped": "bright_black", "finished": "blue"}
IN_PLACE_OF_ANSWER: Final = ("reserved", "dialing", "ringing")
WITHOUT_AGENT: Final = ("answered", "routed", "message")
NEAR_LIMIT: Final = 0.8  # of the abandonment limit: time to look
MAX_TROUBLES: Final = 3
CHIP_WIDTH: Final = 20
FRAME_LINES: Final = 6  # heading, blank, column names, pacing, agents' title, and one to spare


class LiveScreen:
    """Draws each status it is shown over the one before; gives the terminal back when left."""

    def __init__(self, console: Console | None = None) -> None:
        self._live = Live(console=console, screen=True, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, floor: Any) -> None:  # noqa: ANN401 - JSON
        """Draw one status, as the daemon tells it."""
        self._live.update(Screen(floor), refresh=True)

    def show_away(self, error: DialerError) -> None:
        """Say that nothing is known now, in place of figures that may be wrong by now."""
        at = time.strftime("%H:%M:%S")
        told = Text.assemble((f"{at} ✖ NO DAEMON  ", "bold red"), str(error), " It is asked again until Ctrl-C.")
        self._live.update(told, refresh=True)


class Screen:
    """One status, fitted into the height that there is: campaigns first, then agents, then troubles."""

    def __init__(self, floor: dict[str, Any]) -> None:
        self._floor = floor

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        height = options.height or console.height
        troubles = self._floor["troubles"][:MAX_TROUBLES]
        campaigns = sorted(self._floor["campaigns"], key=lambda campaign: campaign["state"] != "running")
        shown = campaigns[: max(1, height // 3)]
        room = height - FRAME_LINES - len(shown) - (len(troubles) + 1 if troubles else 0)
        yield Group(
            _heading(self._floor),
            Text(),
            _campaigns(shown),
            _pacing(shown, hidden=len(campaigns) - len(shown)),
            Rule(_agents_title(self._floor), align="left", style="bright_black"),
            _agents(self._floor, columns=max(1, options.max_width // CHIP_WIDTH), rows=max(1, room)),
            *([Rule(Text("troubles", "bold red"), align="left", style="bright_black")] if troubles else []),
            *(_trouble(trouble) for trouble in troubles),
        )


def _heading(floor: dict[str, Any]) -> Table:
    link = floor["link"]
    if link["up"]:
        state = Text(f"● link up  Asterisk {link['asterisk']}".removesuffix("  Asterisk "), "green")
    else:
        state = Text(f"✖ LINK DOWN {duration(floor['at'] - link['since'])}", "bold red")  # why: among the troubles
    who = Text.assemble(("dialerd ", "bold"), f"{floor['instance']}  up {duration(floor['at'] - floor['started_at'])}")
    if floor["draining"]:
        who.append("  DRAINING", "bold yellow")
    if floor["mqtt"] is not None and not floor["mqtt"]["up"]:
        who.append("  MQTT DOWN", "bold red")
    line = Table.grid(expand=True)
    line.add_column(no_wrap=True)
    line.add_column(justify="center", no_wrap=True)
    line.add_column(justify="right", no_wrap=True)
    line.add_row(who, time.strftime("%H:%M:%S", time.localtime(floor["at"])), state)
    return line


def _campaigns(campaigns: list[dict[str, Any]]) -> Table:
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0), header_style="bright_black")
    table.add_column("campaign", ratio=1, no_wrap=True, overflow="ellipsis")
    for name in ("state", "dial", "wait", "talk", "pick-up", "abandoned", "occup.", "leads"):
        table.add_column(name, justify="left" if name == "state" else "right", no_wrap=True)
    for campaign in campaigns:
        table.add_row(*_campaign_cells(campaign))
    return table


def _campaign_cells(campaign: dict[str, Any]) -> list[Text]:
    calls, today = campaign["calls"], campaign["today"]
    waiting = sum(calls.get(state, 0) for state in WITHOUT_AGENT)
    left = campaign["leads_left"]
    return [
        Text(campaign["campaign_id"], "bold"),
        Text(campaign["state"], CAMPAIGN_LOOKS.get(campaign["state"], "")),
        Text(str(sum(calls.get(state, 0) for state in IN_PLACE_OF_ANSWER))),
        Text(str(waiting), "bold red" if waiting else ""),
        Text(str(calls.get("connected", 0))),
        Text(percent(today["pick_up_rate"])),
        _abandoned(today["abandonment"], campaign["abandonment_limit"]),
        Text(percent(campaign["occupancy"])),
        Text("-" if left is None else str(left), "bold red" if left == 0 else ""),
    ]


def _abandoned(rate: float | None, limit: float) -> Text:
    shown = f"{percent(rate)} of {limit * 100:g}"
    if rate is None or rate < limit * NEAR_LIMIT:
        return Text(shown, "green" if rate is not None else "")
    return Text(f"▲ {shown}", "yellow") if rate <= limit else Text(f"✖ {shown}", "bold red")


def _pacing(campaigns: list[dict[str, Any]], *, hidden: int) -> Text:
    paced = [campaign for campaign in campaigns if campaign["pacing"] is not None]
    told = [f"{campaign['campaign_id']}: {pacing_words(campaign['pacing'])}" for campaign in paced]
    told = [callback_words(c["callbacks"]) for c in campaigns if c["callbacks"]["due"]] + told
    more = [f"and {hidden} more campaigns"] if hidden else []
    return Text("  ".join([*more, *told]) or " ", "bright_black", no_wrap=True, overflow="ellipsis")


def _agents_title(floor: dict[str, Any]) -> Text:
    title = Text("agents", "bold")
    for state, (sign, colour) in STATE_LOOKS.items():
        if count := floor["agents_by_state"].get(state):
            title.append(f"  {sign} {count} {state.replace('_', '-')}", colour)
    return title


def _agents(floor: dict[str, Any], *, columns: int, rows: int) -> Table:
    """The agents as a grid, those who idle longest first; what does not fit is counted."""
    order = list(STATE_LOOKS)
    agents = sorted(floor["agents"], key=lambda agent: (order.index(agent["state"]), agent["since"]))
    room = columns * rows
    shown = agents if len(agents) <= room else agents[: room - 1]
    chips = [_chip(agent, floor["at"]) for agent in shown]
    if len(shown) < len(agents):
        chips.append(Text(f"and {len(agents) - len(shown)} more", "bright_black"))
    grid = Table.grid(expand=True)
    for _ in range(columns):
        grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    for start in range(0, len(chips), columns):
        grid.add_row(*chips[start : start + columns])
    return grid


def _chip(agent: dict[str, Any], now: float) -> Text:
    sign, colour = STATE_LOOKS[agent["state"]]
    chip = Text(f"{sign} {agent['agent_id']} ", colour)
    if agent["state"] != "offline":
        chip.append(duration(now - agent["since"]))
    if agent["state"] == "paused":
        chip.append(f" {agent['reason']}", "bright_black")
    return chip


def _trouble(trouble: dict[str, Any]) -> Text:
    at = time.strftime("%H:%M:%S", time.localtime(trouble["at"]))
    return Text(f"{at} {trouble['text']}", "red", no_wrap=True, overflow="ellipsis")
