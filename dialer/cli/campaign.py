"""``dialer campaign``: create, start, pause, stop, list, show, set."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

import click

from dialer.cli.abandonment import ledger_words
from dialer.cli.output import percent, print_fields, print_table
from dialer.cli.shell import Shell, json_option, pass_shell

F = TypeVar("F", bound=Callable[..., Any])

_POLICY = "How calls are paced: auto, predictive, progressive, ratio, preview, or a baseline (dialer simulate --help)."
_LIMIT = "Limit in every window: abandoned of those answered by a person. It tightens the preset's."
_CANCEL = "Give up a call after ringing this long when its answer would find nobody. Costs attempts: off if not given."
_UNSET = "Take away this bound (max-lines, max-calls-per-s, max-ratio, abandonment-target-pct, cancel-after-s)."
_BOUNDS = ["max-lines", "max-calls-per-s", "max-ratio", "abandonment-target-pct", "cancel-after-s"]
_BASES = ["consent", "contract_in_progress", "request_callback", "press"]
_SHOWN = "A number of the campaign's that may be shown besides --caller-id; give it once for each."
_TIGHTEN = "A rule's stricter value, like fr.max_30d.count=3; what would loosen a rule is refused."
_TOLERANCE = "An agent's own callback waits this long for the agent; later it is overdue. 600 if not given."
_FALLBACK = "What becomes of it then: anybody of the team calls (the default), or it waits for its agent."
_ON_PHONE = "What a key on the agent's phone stands for; give it once for each key."


def _settings_options(command: F) -> F:
    """The options that ``create`` and ``set`` share, in the words of the request."""
    options = [
        click.option("--trunk", metavar="ENDPOINT", help="PJSIP endpoint of the carrier."),
        click.option("--preset", metavar="NAME", help="Whose calling law: fr, fr_b2b, uk, us, ... ([law] preset)."),
        click.option("--audience", type=click.Choice(["b2c", "b2b"]), help="b2b only where leads are declared firms."),
        click.option("--sector", help="What is sold: the object that consents must name."),
        click.option("--basis", type=click.Choice(_BASES), help="Why leads that do not say it may be called."),
        click.option("--shown-number", "caller_ids", multiple=True, metavar="+33...", help=_SHOWN),
        click.option("--tighten", multiple=True, metavar="RULE.PARAMETER=JSON", help=_TIGHTEN),
        click.option("--caller-id", metavar="+33...", help="Number shown to the called person."),
        click.option("--policy", metavar="NAME", help=_POLICY),
        click.option("--ratio", type=float, help="Calls for each ready agent, of the policy ratio."),
        click.option("--max-ratio", type=float, help="Most calls in progress for each agent logged in."),
        click.option("--max-lines", type=int, help="Most calls at a time."),
        click.option("--max-calls-per-s", type=float, help="Most calls dialed a second."),
        click.option("--max-attempts", type=int, help="How often a lead is tried, at most; 20 if not given."),
        click.option("--callback-tolerance-s", type=float, help=_TOLERANCE),
        click.option("--callback-fallback", type=click.Choice(["team", "wait"]), help=_FALLBACK),
        click.option("--abandonment-limit-pct", type=float, help=_LIMIT),
        click.option("--abandonment-target-pct", type=float, help="What is aimed at, below the limit."),
        click.option("--min-agents-for-predictive", type=int, help="With fewer agents, pacing is progressive."),
        click.option("--cancel-after-s", type=float, help=_CANCEL),
        click.option("--ring-timeout-s", type=float, help="A phone rings this long."),
        click.option("--connect-deadline-s", type=float, help="Answer to agent, at most."),
        click.option("--wrap-up-s", type=float, help="Agent's time after a talk."),
        click.option("--language", type=click.Choice(["fr", "en"]), help="Of the prompts and the message."),
        click.option("--message", metavar="SOUND", help="Safe-harbour message for abandoned people."),
        click.option("--disposition", "dispositions", multiple=True, metavar="KEY=WHAT", help=_ON_PHONE),
        click.option(
            "--keypad-disposition/--no-keypad-disposition", default=None, help="Ask agents for a key in wrap-up."
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _given(settings: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in settings.items() if value is not None and value != ()}
    if "unset" in given:
        given["unset"] = [bound.replace("-", "_") for bound in given["unset"]]
    if "tighten" in given:
        given["tighten"] = _rules(given["tighten"])
    if "dispositions" in given:
        given["dispositions"] = dict(_key_and_what(pair) for pair in given["dispositions"])
    return given


def _rules(pairs: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    rules: dict[str, dict[str, Any]] = {}
    for pair in pairs:
        name, separator, text = pair.partition("=")
        rule, dot, parameter = name.rpartition(".")
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        if not separator or not dot:
            raise click.UsageError(f"--tighten {pair} is not RULE.PARAMETER=VALUE.")
        rules.setdefault(rule, {})[parameter] = value
    return rules


def _key_and_what(pair: str) -> tuple[str, str]:
    key, equals, what = pair.partition("=")
    if not equals:
        raise click.BadParameter(f"{pair!r} is not KEY=WHAT, like 1=sale", param_hint="--disposition")
    return key, what


@click.group()
def campaign() -> None:
    """Create, start, pause, stop and list campaigns.

    \b
    Example:
      dialer campaign create summer --trunk carrier --caller-id +33162000000
      dialer campaign start summer
    """


@campaign.command()
@click.argument("campaign_id", metavar="CAMPAIGN")
@click.option("--name", default="", help="What people call it.")
@click.option("--principal", default="", help="On whose behalf people are called.")
@_settings_options
@json_option
@pass_shell
def create(shell: Shell, /, campaign_id: str, name: str, principal: str, **settings: Any) -> None:  # noqa: ANN401
    """Create a campaign, stopped. What is not given comes from [dialing] and [agents] in the config.

    \b
    Example:
      dialer campaign create summer --trunk carrier --caller-id +33162000000
      dialer campaign create summer --name "Summer 2027" --principal acme --disposition 1=sale --disposition 2=refusal
    """
    params = {"campaign_id": campaign_id, "name": name, "principal": principal, **_given(settings)}
    result = shell.reach.call("campaign_create", **params)
    shell.say(
        result, f"Campaign {campaign_id} is created, stopped. Next: dialer leads import FILE --campaign {campaign_id}"
    )


@campaign.command("set")
@click.argument("campaign_id", metavar="CAMPAIGN")
@_settings_options
@click.option("--unset", multiple=True, type=click.Choice(_BOUNDS), metavar="BOUND", help=_UNSET)
@json_option
@pass_shell
def set_(shell: Shell, /, campaign_id: str, **settings: Any) -> None:  # noqa: ANN401
    """Change settings of a campaign, running or not; they hold from the next call on.

    \b
    Example:
      dialer campaign set summer --wrap-up-s 15 --max-lines 60
      dialer campaign set summer --policy predictive --abandonment-target-pct 2 --unset max-lines
    """
    given = _given(settings)
    if not given:
        raise click.UsageError("Give at least one setting to change.")
    result = shell.reach.call("campaign_set", campaign_id=campaign_id, **given)
    shell.say(result, f"Campaign {campaign_id}: {', '.join(given)} changed.")


def _move(shell: Shell, campaign_id: str, state: str, reason: str) -> None:
    result = shell.reach.call("campaign_move", campaign_id=campaign_id, state=state, reason=reason)
    later = "" if result["live"] else " No daemon runs: this holds when it starts."
    word = f"is {state}" if result["was"] != state else f"was already {state}"
    shell.say(result, f"Campaign {campaign_id} {word}.{later}")


@campaign.command()
@click.argument("campaign_id", metavar="CAMPAIGN")
@json_option
@pass_shell
def start(shell: Shell, campaign_id: str) -> None:
    """Let a campaign dial.

    \b
    Example:
      dialer campaign start summer
    """
    _move(shell, campaign_id, "running", "")


@campaign.command()
@click.argument("campaign_id", metavar="CAMPAIGN")
@click.option("--reason", default="", help="Why, for the record.")
@json_option
@pass_shell
def pause(shell: Shell, campaign_id: str, reason: str) -> None:
    """Dial no more for now; talks go on, agents stay on the line.

    \b
    Example:
      dialer campaign pause summer --reason "briefing"
    """
    _move(shell, campaign_id, "paused", reason)


@campaign.command()
@click.argument("campaign_id", metavar="CAMPAIGN")
@click.option("--reason", default="", help="Why, for the record.")
@json_option
@pass_shell
def stop(shell: Shell, campaign_id: str, reason: str) -> None:
    """End the dialing of a campaign; talks go on.

    \b
    Example:
      dialer campaign stop summer
    """
    _move(shell, campaign_id, "stopped", reason)


@campaign.command("list")
@json_option
@pass_shell
def list_(shell: Shell) -> None:
    """List campaigns with their state, leads and today's counts.

    \b
    Example:
      dialer campaign list
      dialer campaign list --json | jq -r '.campaigns[] | select(.state == "running") | .campaign_id'
    """
    shell.show(shell.reach.call("campaign_list"), _tell_list)


def _tell_list(result: Any) -> None:  # noqa: ANN401 - JSON
    columns = ("campaign", "state", "trunk", "policy", "leads", "finished", "attempts today", "connected", "abandoned")
    print_table(columns, (_row(each) for each in result["campaigns"]))


def _row(each: dict[str, Any]) -> tuple[object, ...]:
    today = each["today"]
    counts = (today["leads"], today["finished"], today["attempts"], today["connected"], today["abandoned"])
    return (each["campaign_id"], each["state"], each["trunk"], each["policy"], *counts)


@campaign.command()
@click.argument("campaign_id", metavar="CAMPAIGN")
@json_option
@pass_shell
def show(shell: Shell, campaign_id: str) -> None:
    """Show all settings of a campaign, its lists and its agents.

    \b
    Example:
      dialer campaign show summer
    """
    shell.show(shell.reach.call("campaign_show", campaign_id=campaign_id), _tell_one)


def _tell_one(result: Any) -> None:  # noqa: ANN401 - JSON
    hidden = {"today", "created_at", "abandonment"}
    settings = {name: value for name, value in result["campaign"].items() if name not in hidden}
    keys = ", ".join(f"{key}={what}" for key, what in settings["dispositions"].items())
    told = ledger_words(result["campaign"]["abandonment"])
    print_fields({**settings, "dispositions": keys, "agents": ", ".join(result["agents"]), "abandonment": told})
    rows = [
        (each["name"], each["leads"], each["finished"], percent(each["exploitation_rate"])) for each in result["lists"]
    ]
    if rows:
        click.echo()
        print_table(("list", "leads", "finished", "exploitation rate"), rows)
