"""``dialer pacing``: why so many calls were dialed, and what another policy would have made of a day."""

from datetime import datetime
from typing import Any

import click

from dialer.cli.output import clock_time, percent, print_fields, print_table
from dialer.cli.progress import days_bar
from dialer.cli.shell import Shell, json_option, pass_shell

_MOMENT = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]


@click.group()
def pacing() -> None:
    """Explain pacing decisions and replay recorded days.

    \b
    Example:
      dialer pacing explain --campaign summer --language fr
      dialer pacing replay --campaign summer --day 2026-11-20 --policy predictive
    """


@pacing.command()
@click.option("--campaign", "campaign_id", metavar="CAMPAIGN", help="One campaign; else all.")
@click.option("--at", type=click.DateTime(_MOMENT), help="Local time; else the last decision.")
@click.option("--language", type=click.Choice(["en", "fr"]), default="en", help="Of the sentence.")
@json_option
@pass_shell
def explain(shell: Shell, campaign_id: str | None, at: datetime | None, language: str) -> None:
    """Tell how many calls pacing asked for, why no more, how risky one more was, and what the law still allows.

    While the daemon runs this is its very last decision. With --at it is the last one on record at that moment:
    decisions are sampled (at most one row every two seconds in the long run), so it may be a little older.

    \b
    Example:
      dialer pacing explain
      dialer pacing explain --campaign summer --at "2026-11-20 10:30" --language fr
      dialer pacing explain --json | jq '.decisions[] | {campaign_id, reason, risk, budget_left}'
    """
    params: dict[str, Any] = {"campaign_id": campaign_id} if campaign_id is not None else {}
    if at is not None:
        params["at"] = at.astimezone().timestamp()
    shell.show(shell.reach.call("pacing_explain", **params), lambda result: _tell(result, language))


def _tell(result: Any, language: str) -> None:  # noqa: ANN401 - JSON
    for number, decision in enumerate(result["decisions"]):
        if number:
            click.echo()
        click.echo(f"{decision['campaign_id']}, {clock_time(decision['at'])}")
        click.echo(decision["sentences"][language])
        print_fields(fields_of(decision))


def fields_of(decision: dict[str, Any]) -> dict[str, object]:
    """A decision's numbers for a person."""
    left = decision["budget_left"]
    return {
        "binding reason": decision["reason"],
        "the next answered call finds nobody": f"{decision['risk'] * 100:.2f} %",
        "abandons that the law still allows": None if left is None else f"{left:g}",
        "inputs": ", ".join(f"{name} {_figure(value)}" for name, value in decision["inputs"].items()),
    }


def _figure(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


CAVEATS = """\
A record holds only the calls that were made: others are drawn by chance, with the answer rate of their half hour and \
that day's ring, talk and wrap-up times.
Compare the other policies with the simulation of the campaign's own, not with the record: what both leave out (who \
was called, breaks taken because it was quiet, a list that wears out) is then the same on both sides.
It cannot tell what other people, another list or another hour would have answered.""".splitlines()


@pacing.command()
@click.option("--campaign", "campaign_id", metavar="CAMPAIGN", help="Not needed where there is only one.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The recorded day, local.")
@click.option("--policy", "policies", multiple=True, metavar="NAME", help="Policy to try; may be given again.")
@click.option("--seeds", type=click.IntRange(1, 50), default=3, show_default=True, help="Simulated days of each.")
@json_option
@pass_shell
def replay(shell: Shell, campaign_id: str | None, day: datetime, policies: tuple[str, ...], seeds: int) -> None:
    """Replay a recorded day through any policy: what was, and what would have been.

    The day's attempts and the agents' recorded hours become a scenario of the simulator: the answer rate of each half
    hour, the ring, talk and wrap-up times, the machines, who was at work when. The campaign's own policy is simulated
    beside the others, as a yardstick.

    What it can tell: how policies compare on a floor like that day's. What it cannot tell: what the people who were not
    called that day would have done; whether agents would have worked otherwise; how a list wears when it is dialed
    faster. So compare simulated with simulated; the record beside them shows how well the simulation fits.

    \b
    Example:
      dialer pacing replay --day 2026-11-20 --policy predictive
      dialer pacing replay --campaign summer --day 2026-11-20 --policy ratio --policy progressive --json
    """
    from dialer.cli.history import fetch, only_campaign
    from dialer.whatif.runs import Case, run

    history = fetch(shell, campaign_id or only_campaign(shell), day.astimezone().timestamp(), days=1)
    scenario, own = history.day(), history.settings.policy
    names = dict.fromkeys((own, *_known(policies)))
    options = {"ratio": {"ratio": history.settings.ratio}}
    cases = [Case(name, scenario, seeds, options.get(name, {})) for name in names]
    with days_bar(sum(case.seeds for case in cases)) as on_day:
        simulated = run(cases, on_day)
    result = {
        "campaign_id": history.settings.campaign_id,
        "from": history.starts_at,
        "until": history.starts_at + history.duration_s,
        "own_policy": own,
        "recorded": history.figures().to_json(),
        "simulated": {name: figures.to_json() for name, figures in zip(names, simulated, strict=True)},
        "caveats": CAVEATS,
    }
    shell.show(result, _tell_replay)


def _known(policies: tuple[str, ...]) -> tuple[str, ...]:
    from pacing import POLICIES

    for name in policies:
        if name not in POLICIES:
            raise click.BadParameter(f"{name!r} is none of {', '.join(sorted(POLICIES))}", param_hint="--policy")
    return policies


def _tell_replay(result: Any) -> None:  # noqa: ANN401 - JSON
    click.echo(f"{result['campaign_id']}, {clock_time(result['from'])} to {clock_time(result['until'])}")
    columns = {"recorded": result["recorded"], **result["simulated"]}
    names = [f"{name} (its own)" if name == result["own_policy"] else name for name in columns]
    figures = columns.values()
    rows = [
        ("occupancy", *(_occupancy(each) for each in figures)),
        ("abandoned", *(percent(each["abandonment"]) for each in figures)),
        ("calls an hour", *(f"{each['dialed_per_h']:.0f}" for each in figures)),
        ("connected an hour", *(f"{each['connected_per_h']:.1f}" for each in figures)),
        ("agents' mean wait", *(f"{each['wait_mean_s']:.1f} s" for each in figures)),
        ("95 % of waits below", *(f"{each['wait_p95_s']:.1f} s" for each in figures)),
    ]
    print_table(("", *names), rows)
    for caveat in result["caveats"]:
        click.echo(f"* {caveat}")


def _occupancy(figures: dict[str, Any]) -> str:
    error = figures["occupancy_error"]
    return percent(figures["occupancy"]) + ("" if error is None else f" ±{error * 100:.1f}")
