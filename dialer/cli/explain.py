"""``dialer explain``: why was this call made, and what became of it."""

from typing import Any

import click

from dialer.cli.output import clock_time, print_fields, print_table
from dialer.cli.pacing import fields_of
from dialer.cli.shell import Shell, json_option, pass_shell


@click.command()
@click.argument("attempt_id", metavar="ATTEMPT")
@click.option("--language", type=click.Choice(["en", "fr"]), default="en", help="Of the sentence on pacing.")
@json_option
@pass_shell
def explain(shell: Shell, attempt_id: str, language: str) -> None:
    """Tell the whole life of one call: why it was dialed, each step with time and reason, how it ended.

    The id of an attempt is also Asterisk's uniqueid of its channel: it stands in CDR, CEL and the exports.

    \b
    Example:
      dialer explain a1763779725-17
      dialer explain a1763779725-17 --json | jq .steps
    """
    shell.show(shell.reach.call("explain", attempt_id=attempt_id), lambda life: _tell(life, language))


def _tell(result: Any, language: str) -> None:  # noqa: ANN401 - JSON
    attempt, lead = result["attempt"], result["lead"]
    print_fields(
        {
            "attempt": attempt["id"],
            "campaign": attempt["campaign_id"],
            "lead": f"{lead['lead_id']} ({lead['source_id']} in list {lead['list']})",
            "number": attempt["number"],
            "result": attempt["result"] or "still under way",
            "hang-up cause": attempt["cause"],
            "answered by": attempt["answered_by"],
            "abandoned": "yes" if attempt["abandoned"] else "no",
            "agent": attempt["agent_id"],
            "disposition": attempt["disposition"],
        }
    )
    click.echo(f"\n{_decision(result['decision'], language)}\n")
    print_table(("time", "after", "state", "agent", "reason"), _steps(result["steps"], attempt["reserved_at"]))


def _decision(decision: dict[str, Any] | None, language: str) -> str:
    if decision is None:
        return "No pacing decision is on record before it."
    numbers = "\n".join(f"  {name}: {value}" for name, value in fields_of(decision).items())
    which = "Dialed" if decision["exact"] else "The last decision on record before it was made"
    return f"{which} at {_time_ms(decision['at'])}: {decision['sentences'][language]}\n{numbers}"


def _steps(steps: list[dict[str, Any]], start: float) -> list[tuple[object, ...]]:
    return [
        (_time_ms(step["at"]), f"{step['at'] - start:.3f} s", step["state"], step["agent_id"], step["reason"])
        for step in steps
    ]


def _time_ms(at: float) -> str:
    return f"{clock_time(at)}.{int(at % 1 * 1000):03}"
