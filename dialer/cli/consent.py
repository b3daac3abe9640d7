"""``dialer consent``: the register of who agreed to be called, and its proofs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from dialer.cli.moment import Moment
from dialer.cli.outcomes import opened_output, tell_count
from dialer.cli.output import clock_time, print_table
from dialer.cli.rows import CsvRows, JsonRows, Rows
from dialer.cli.shell import Shell, json_option, pass_shell

F = TypeVar("F", bound=Callable[..., Any])
_SLOT = "An exact time agreed to outside hours, and its proof: 2026-11-28T11:00:00+01:00=rec-4. Once for each."


@click.group()
def consent() -> None:
    """Keep the consent register: add, withdraw, show, export the proof.

    \b
    Example:
      dialer consent show "01 42 00 00 00"
    """


def _person_options(command: F) -> F:
    options = [
        click.argument("number", required=False),
        click.option("--person-id", help="The person by the id that the lists give, instead of a number."),
        click.option("--region", default="FR", show_default=True, help="Country of numbers without a country code."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@consent.command()
@_person_options
@click.option("--campaign", "campaign_id", help="For its principal and its sector.")
@click.option("--principal", help="Who may call; else the campaign's.")
@click.option("--object", help="What about; else the campaign's sector.")
@click.option("--proof", required=True, help="Where the proof is: form, recording, letter.")
@click.option("--channel", required=True, help="How it was given, in one word: web, paper, phone.")
@click.option("--collected-at", required=True, metavar="TIME", help="When: 2026-10-01T09:00:00+02:00.")
@click.option("--expires-at", metavar="TIME", help="Stated end; the law's own end holds in any case.")
@click.option("--slot", "slots", multiple=True, metavar="TIME=PROOF", help=_SLOT)
@click.option("--written/--not-written", default=None, help="Whether it is in writing, where a law asks.")
@click.option("--automated-dialing/--no-automated-dialing", default=None, help="Whether it extends to that.")
@json_option
@pass_shell
def add(shell: Shell, /, slots: tuple[str, ...], **consent: Any) -> None:  # noqa: ANN401
    """Enter a consent with its proof. Who has refused calls stays refused.

    \b
    Example:
      dialer consent add 0142000000 --campaign summer --proof form-17 --channel web --collected-at 2026-10-01T09:00:00Z
    """
    result = shell.reach.call("consent_add", slots=[_slot(each) for each in slots], **consent)
    what = "is entered" if result["new"] else "was in the register already"
    shell.say(result, f"The consent to {result['principal']} for {result['object']} {what}.")


def _slot(pair: str) -> dict[str, str]:
    at, equals, evidence = pair.partition("=")
    if not equals or not evidence:
        raise click.BadParameter(f"{pair!r} is not TIME=PROOF", param_hint="--slot")
    return {"at": at, "evidence": evidence}


@consent.command()
@_person_options
@click.option("--campaign", "campaign_id", help="For its principal.")
@click.option("--principal", help="Who may call no more; else the campaign's.")
@click.option("--channel", default="oral", show_default=True, help="How it was said, in one word.")
@click.option("--at", "withdrawn_at", metavar="TIME", help="When it was said, if not now.")
@json_option
@pass_shell
def withdraw(shell: Shell, /, **who: Any) -> None:  # noqa: ANN401
    """End every consent of a person with a principal, at once and for ever, by every number that lists know.

    It also beats consents that came with a list. The person goes on the do-not-call list of the principal.

    \b
    Example:
      dialer consent withdraw "01 42 00 00 00" --principal acme
    """
    result = shell.reach.call("consent_withdraw", **who)
    shell.say(result, f"{result['principal']} calls this person no more ({result['names']} names new on the list).")


@consent.command()
@_person_options
@click.option("--principal", help="Only with this principal.")
@click.option("--numbers", is_flag=True, help="Whole numbers, not masked.")
@json_option
@pass_shell
def show(shell: Shell, /, **who: Any) -> None:  # noqa: ANN401
    """Show everything on record about a person's consent: register, lists, wishes for no more calls.

    \b
    Example:
      dialer consent show "01 42 00 00 00" --principal acme
    """
    shell.show(shell.reach.call("consent_show", **who), _tell_show)


def _tell_show(found: Any) -> None:  # noqa: ANN401 - JSON
    click.echo(f"{found['who']}: {len(found['entries'])} entries in the register.")
    columns = (
        "who",
        "principal",
        "object",
        "channel",
        "collected",
        "ends",
        "withdrawn",
        "proof",
        "entered",
        "by",
        "keep until",
    )
    print_table(columns, map(_entry, found["entries"]))
    for each in found["lists"]:
        said = ", ".join(f"{name.removeprefix('consent_')} {text}" for name, text in each["consent"].items())
        click.echo(f"List {each['list']} of {each['campaign_id']}, lead {each['lead_id']}: {said}")
    for wish in found["wishes"]:
        told = f"register {wish['list']}" if "list" in wish else f"{wish['reason']}, {wish['principal'] or 'everybody'}"
        click.echo(f"On the do-not-call list: {wish['who']} {told} {clock_time(wish['at']) if 'at' in wish else ''}")


def _entry(each: dict[str, Any]) -> tuple[object, ...]:
    stated = each["consent"]
    words = ("object", "channel", "collected_at", "expires_at", "withdrawn_at", "proof")
    told = (stated.get(word) for word in words)
    return each["who"], each["principal"], *told, clock_time(each["recorded_at"]), each["source"], each["keep_until"]


@consent.command()
@click.option("--number", help="Only this person's, for whoever asks for the proof.")
@click.option("--region", default="FR", show_default=True, help="Country of a number without a country code.")
@click.option("--principal", help="Only with this principal.")
@click.option("--from", "since", type=Moment(end=False), help="Entered from this day or time on: 2026-11-30.")
@click.option("--to", "until", type=Moment(end=True), help="Entered to the end of this day, or before this time.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write, whole or not at all.")
@click.option(
    "--format", "style", type=click.Choice(["csv", "excel", "jsonl"]), help="Else by the file's ending, else csv."
)
@json_option
@pass_shell
def export(shell: Shell, /, output: Path | None, style: str | None, **wish: Any) -> None:  # noqa: ANN401
    """Write the register as rows, for an inspection or for one person: who, what, when, how, proof, withdrawal, source.

    \b
    Example:
      dialer consent export --principal acme --output register.csv
      dialer consent export --number "01 42 00 00 00" --output proof.jsonl
    """
    as_jsonl = shell.as_json if output is None else output.suffix == ".jsonl"
    style = style or ("jsonl" if as_jsonl else "csv")
    given = {name: value for name, value in wish.items() if value is not None}
    with opened_output(output) as file:
        rows: Rows = JsonRows(file) if style == "jsonl" else CsvRows(file, excel=style == "excel")
        result = shell.reach.stream("consent_export", rows.take, **given)
    tell_count(shell, result["count"], "entries", output)
