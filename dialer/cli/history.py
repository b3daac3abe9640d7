"""Fetches a campaign's recorded days for replays and simulations."""

from typing import Any

import click

from dialer.cli.shell import Shell
from dialer.floor.events import CampaignSettings
from dialer.whatif.history import History

DAY_S = 86_400.0


def only_campaign(shell: Shell) -> str:
    """The campaign where there is one; UsageError where there are more or none."""
    known = [each["campaign_id"] for each in shell.reach.call("campaign_list")["campaigns"]]
    if len(known) != 1:
        raise click.UsageError(f"Give --campaign, one of: {', '.join(known) or 'there is none yet'}.")
    return str(known[0])


def fetch(shell: Shell, campaign_id: str, since: float, days: float) -> History:
    """The campaign's record from ``since`` for so many days. Raises TooLittleError."""
    attempts: list[dict[str, Any]] = []
    states: dict[str, list[tuple[float, str]]] = {}

    def take(part: Any) -> None:  # noqa: ANN401 - JSON
        attempts.extend(part.get("attempts", ()))
        states.update(part.get("states", {}))

    until = since + days * DAY_S
    end = shell.reach.stream("pacing_history", take, campaign_id=campaign_id, since=since, until=until)
    settings: dict[str, Any] = {**end["settings"], "dispositions": ()}  # keys on a phone change nothing here
    return History(CampaignSettings(**settings), attempts, states)
