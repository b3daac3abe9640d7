"""``dialer agents``: add, list, call, pause, ready, logout, set."""

import time
from pathlib import Path
from typing import Any

import click

from dialer.cli.output import duration, print_table
from dialer.cli.shell import Shell, json_option, pass_shell
from dialer.control.wire import BadRequestError

MAX_PIN_FILE_BYTES = 1024
_LINE_MODES = click.Choice(["on_line", "on_hook"])
_PIN_FILE = click.option(
    "--pin-file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="File with the PIN, - for standard input; else it is asked for.",
)


@click.group()
def agents() -> None:
    """Add agents, put them on the line, pause them.

    \b
    Example:
      dialer agents add 101 --campaign summer --phone 101
      dialer agents list
    """


def _read_pin(pin_file: Path | None) -> str:
    """The PIN, never from an argument: those are seen by everyone on the machine."""
    if pin_file is None:
        pin: str = click.prompt("PIN (4 to 12 digits)", hide_input=True, confirmation_prompt=True, err=True)
        return pin
    try:
        with click.open_file(str(pin_file), encoding="utf-8") as file:
            return str(file.read(MAX_PIN_FILE_BYTES)).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequestError(f"The PIN file {pin_file} cannot be read.") from error


@agents.command()
@click.argument("agent_id", metavar="AGENT")
@click.option("--campaign", "campaign_id", required=True, help="Whose calls come to the agent.")
@click.option("--phone", required=True, metavar="ENDPOINT", help="PJSIP endpoint of the agent's phone.")
@click.option("--name", default="", help="The agent's name.")
@click.option("--line-mode", type=_LINE_MODES, default="on_line", help="Stays on the line, or is rung for each call.")
@_PIN_FILE
@json_option
@pass_shell
def add(shell: Shell, /, agent_id: str, pin_file: Path | None, **settings: str) -> None:
    """Add an agent. The id is what the agent types on the phone, so digits are best; the PIN is asked for.

    \b
    Example:
      dialer agents add 101 --campaign summer --phone 101 --name "Nadia B."
      dialer agents add 102 --campaign summer --phone 102 --pin-file /run/secrets/pin102
    """
    result = shell.reach.call("agent_add", agent_id=agent_id, pin=_read_pin(pin_file), **settings)
    shell.say(result, f"Agent {agent_id} is added to campaign {settings['campaign_id']}.")


@agents.command("set")
@click.argument("agent_id", metavar="AGENT")
@click.option("--campaign", "campaign_id", help="Whose calls come to the agent; not while in a call.")
@click.option("--phone", metavar="ENDPOINT", help="PJSIP endpoint of the agent's phone.")
@click.option("--name", help="The agent's name.")
@click.option("--line-mode", type=_LINE_MODES, help="Stays on the line, or is rung for each call.")
@click.option("--pin", "new_pin", is_flag=True, help="Ask for another PIN.")
@_PIN_FILE
@json_option
@pass_shell
def set_(shell: Shell, /, agent_id: str, new_pin: bool, pin_file: Path | None, **settings: str | None) -> None:
    """Change an agent: campaign, phone, name, line mode, PIN.

    \b
    Example:
      dialer agents set 101 --campaign winter
      dialer agents set 101 --pin
    """
    given = {name: value for name, value in settings.items() if value is not None}
    if new_pin or pin_file is not None:
        given["pin"] = _read_pin(pin_file)
    if not given:
        raise click.UsageError("Give at least one thing to change.")
    result = shell.reach.call("agent_set", agent_id=agent_id, **given)
    shell.say(result, f"Agent {agent_id}: {', '.join(given)} changed.")


@agents.command("list")
@click.option("--campaign", "campaign_id", help="Only this campaign's agents.")
@json_option
@pass_shell
def list_(shell: Shell, campaign_id: str | None) -> None:
    """List agents; when the daemon runs, with their state and for how long.

    \b
    Example:
      dialer agents list --campaign summer
    """
    shell.show(shell.reach.call("agent_list", campaign_id=campaign_id), _tell_list)


def _tell_list(result: Any) -> None:  # noqa: ANN401 - JSON
    print_table(("agent", "name", "campaign", "phone", "line", "state", "for", "reason"), map(_row, result["agents"]))


def _row(agent: dict[str, Any]) -> tuple[object, ...]:
    age = None if agent["since"] is None else duration(time.time() - agent["since"])
    who = (agent["agent_id"], agent["name"], agent["campaign_id"], agent["phone"], agent["line_mode"])
    return (*who, agent["state"], age, agent["reason"])


def _ask(shell: Shell, command: str, agent_id: str, **params: str) -> None:
    result = shell.reach.call(command, agent_id=agent_id, **params)
    shell.say(result, f"Agent {agent_id} is {result['state']}.")


@agents.command()
@click.argument("agent_id", metavar="AGENT")
@json_option
@pass_shell
def call(shell: Shell, agent_id: str) -> None:
    """Ring the agent's phone; picked up, it is on the line.

    \b
    Example:
      dialer agents call 101
    """
    _ask(shell, "agent_call", agent_id)


@agents.command()
@click.argument("agent_id", metavar="AGENT")
@click.option("--reason", default="pause", help="Why: lunch, training, ...")
@json_option
@pass_shell
def pause(shell: Shell, agent_id: str, reason: str) -> None:
    """Pause an agent: at once when idle, after the call when in one.

    \b
    Example:
      dialer agents pause 101 --reason lunch
    """
    _ask(shell, "agent_pause", agent_id, reason=reason)


@agents.command()
@click.argument("agent_id", metavar="AGENT")
@json_option
@pass_shell
def ready(shell: Shell, agent_id: str) -> None:
    """End an agent's pause or wrap-up.

    \b
    Example:
      dialer agents ready 101
    """
    _ask(shell, "agent_ready", agent_id)


@agents.command("next")
@click.argument("agent_id", metavar="AGENT")
@json_option
@pass_shell
def next_(shell: Shell, agent_id: str) -> None:
    """Ask for an agent's next call. In a campaign with the policy preview nothing is dialed without it.

    \b
    Example:
      dialer agents next 101
    """
    _ask(shell, "agent_next", agent_id)


@agents.command()
@click.argument("agent_id", metavar="AGENT")
@json_option
@pass_shell
def logout(shell: Shell, agent_id: str) -> None:
    """Take an agent off the line: at once when idle, after the call when in one.

    \b
    Example:
      dialer agents logout 101
    """
    _ask(shell, "agent_logout", agent_id)
