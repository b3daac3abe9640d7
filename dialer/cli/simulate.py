"""``dialer simulate``: policies and team sizes on a simulated floor."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from dialer.cli.output import percent, print_table
from dialer.cli.progress import days_bar
from dialer.cli.shell import Shell, json_option, pass_shell

_COLUMNS = (
    *("policy", "agents", "limit", "occupancy", "over progressive", "abandoned"),
    *("wait mean", "wait 95 %", "connected/h", "calls/h"),
)
_LIMITS = "Abandonment limit; give several to see what a stricter one costs."
_NEEDED = "How many agents does each policy need for this many connections an hour?"
_HISTORY = "Take shares and times from this campaign's record instead of from the options."
_PICTURE = "Draw occupancy against abandonment, FILE.png or FILE.svg; needs dialerd[pictures]."


def _numbers(low: float, high: float, kind: type[int] | type[float]) -> Callable[..., tuple[float, ...]]:
    """A callback that reads ``3,1.5`` as numbers within bounds."""

    def read(_ctx: click.Context, _param: click.Parameter, value: str) -> tuple[float, ...]:
        return tuple(one(text.strip()) for text in value.split(","))

    def one(text: str) -> float:
        try:
            number = kind(text)
        except ValueError as error:
            raise click.BadParameter(f"{text!r} is no number, or not a whole one") from error
        if not low <= number <= high:
            raise click.BadParameter(f"{text} is not between {low:g} and {high:g}")
        return number

    return read


@dataclass(frozen=True)
class Wish:
    """The options of one run."""

    agents: tuple[int, ...]
    policies: tuple[str, ...]
    limit_pct: tuple[float, ...]
    hours: float
    seeds: int
    answered_pct: float
    machines_pct: float
    ring_s: float
    talk_s: float
    wrap_up_s: float
    campaign_id: str | None
    days: int
    connected_per_h: float | None
    picture: Path | None


@click.command()
@click.option(
    "--agents", callback=_numbers(1, 1000, int), default="20", show_default=True, metavar="N,N...", help="Team sizes."
)
@click.option(
    "--policies", default="auto,progressive", show_default=True, metavar="NAME,NAME...", help="Policies, or 'all'."
)
@click.option(
    "--limit-pct", callback=_numbers(0, 10, float), default="3", show_default=True, metavar="PCT,PCT...", help=_LIMITS
)
@click.option("--hours", type=click.FloatRange(0.25, 24), default=8.0, show_default=True, help="Length of a day.")
@click.option("--seeds", type=click.IntRange(1, 100), default=2, show_default=True, help="Simulated days of each.")
@click.option("--answered-pct", type=click.FloatRange(0.1, 100), default=30.0, show_default=True, help="Picked up.")
@click.option(
    "--machines-pct", type=click.FloatRange(0, 99), default=0.0, show_default=True, help="Of those, machines."
)
@click.option("--ring-s", type=click.FloatRange(1, 60), default=12.0, show_default=True, help="Mean time to an answer.")
@click.option("--talk-s", type=click.FloatRange(1, 3600), default=120.0, show_default=True, help="Mean talk.")
@click.option("--wrap-up-s", type=click.FloatRange(0, 3600), default=20.0, show_default=True, help="Mean wrap-up.")
@click.option("--campaign", "campaign_id", metavar="CAMPAIGN", help=_HISTORY)
@click.option("--days", type=click.IntRange(1, 90), default=7, show_default=True, help="So much of its record.")
@click.option("--connected-per-h", type=click.FloatRange(1, 1e5), help=_NEEDED)
@click.option("--picture", type=click.Path(dir_okay=False, path_type=Path), help=_PICTURE)
@json_option
@pass_shell
def simulate(shell: Shell, /, **options: Any) -> None:  # noqa: ANN401
    """Try policies and team sizes on a simulated floor: occupancy, waits, abandonment, calls an hour.

    With given figures, or with a campaign's own record (--campaign). Every day learns from nothing and has the same
    chance events for every policy. Three questions it answers at once: how many agents do I need (--connected-per-h),
    what do I gain over progressive (the column of that name, and the sentences below the table), and what does 1 %
    instead of 3 % cost (--limit-pct 3,1).

    \b
    Example:
      dialer simulate --agents 10,20,50 --answered-pct 25 --talk-s 150
      dialer simulate --campaign summer --agents 20 --limit-pct 3,1 --picture summer.svg
      dialer simulate --connected-per-h 500 --policies auto,ratio,progressive --json
    """
    from dialer.cli.simulating import answer

    wish = Wish(**options | {"policies": _policies(options["policies"])})
    if wish.picture is not None:
        from dialer.whatif.picture import expect_possible

        expect_possible(wish.picture)
    with days_bar(_days(wish)) as on_day:
        result = answer(shell, wish, on_day)
    shell.show(result, tell)


def _policies(text: str) -> tuple[str, ...]:
    from pacing import POLICIES

    names = tuple(POLICIES) if text == "all" else tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in POLICIES:
            raise click.BadParameter(f"{name!r} is none of {', '.join(sorted(POLICIES))}", param_hint="--policies")
    return tuple(name for name in names if text != "all" or name != "preview")


def _days(wish: Wish) -> int | None:
    if wish.connected_per_h is not None:
        return None  # how many teams are tried is seen on the way
    return len(wish.agents) * len(wish.policies) * len(wish.limit_pct) * wish.seeds


def tell(result: Any) -> None:  # noqa: ANN401 - JSON
    """The table, then the sentences."""
    click.echo(result["floor"])
    print_table(_COLUMNS, map(_row, result["cases"]))
    for sentence in result["sentences"]:
        click.echo(f"* {sentence}")
    if result["picture"] is not None:
        click.echo(f"Picture: {result['picture']}")


def _row(case: dict[str, Any]) -> tuple[object, ...]:
    gain = case["gain_over_progressive"]
    error = case["occupancy_error"]
    return (
        case["policy"],
        case["agents"],
        f"{case['limit_pct']:g} %",
        percent(case["occupancy"]) + ("" if error is None else f" ±{error * 100:.1f}"),
        None if gain is None else f"{gain * 100:+.1f} points",
        percent(case["abandonment"]),
        f"{case['wait_mean_s']:.1f} s",
        f"{case['wait_p95_s']:.1f} s",
        f"{case['connected_per_h']:.1f}",
        f"{case['dialed_per_h']:.0f}",
    )
