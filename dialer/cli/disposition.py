"""``dialer disposition``: what came of a call."""

from typing import Any

import click

from dialer.cli.callback import given, promised, wish_options
from dialer.cli.shell import Shell, json_option, pass_shell


@click.group()
def disposition() -> None:
    """Say what came of a call: appointment, sale, refusal, callback, wrong_number, ...

    \b
    Example:
      dialer disposition set --agent 101 sale
    """


@disposition.command("set")
@click.argument("what", metavar="WHAT")
@click.option("--agent", "agent_id", help="Of this agent's last call; ends the wrap-up.")
@click.option("--attempt", "attempt_id", help="Of this ended attempt.")
@wish_options
@json_option
@pass_shell
def set_(shell: Shell, /, what: str, agent_id: str | None, attempt_id: str | None, **wish: Any) -> None:  # noqa: ANN401
    """Say, or correct, what came of a call. WHAT is one word: small letters, digits, _.

    With --at the disposition callback promises to call the person back then, by the agent who talked.

    \b
    Example:
      dialer disposition set --agent 101 sale
      dialer disposition set --agent 101 callback --at "24/11 14h30" --note "after lunch"
      dialer disposition set --attempt a1763779725-17 wrong_number
    """
    if (agent_id is None) == (attempt_id is None):
        raise click.UsageError("Give either --agent or --attempt.")
    if agent_id is not None:
        result = shell.reach.call("disposition", agent_id=agent_id, disposition=what, **given(wish))
        said = f"The last call of agent {agent_id}: {what}."
    else:
        result = shell.reach.call("disposition_set", attempt_id=attempt_id, disposition=what, **given(wish))
        said = f"Attempt {attempt_id}: {what}, was {result['was'] or 'without disposition'}."
    shell.say(result, f"{said} {promised(result)}" if "callback" in result else said)
