"""``dialer dnc``: who is not to be called any more."""

from typing import Any

import click

from dialer.cli.output import clock_time, print_table
from dialer.cli.shell import Shell, json_option, pass_shell

_EVERYBODY = "For every principal."
_REGION = "Country of numbers without a country code."


@click.group()
def dnc() -> None:
    """Keep the do-not-call list: people's wishes, and copies of public registers.

    \b
    Example:
      dialer dnc add "01 42 00 00 00" --principal acme
    """


def _principal(principal: str | None, everybody: bool) -> str:
    if (principal is None) != everybody or principal == "":
        raise click.UsageError("Give --principal NAME, or --everybody.")
    return principal or ""


@dnc.command()
@click.argument("numbers", nargs=-1, metavar="NUMBER...")
@click.option("--person-id", "person_ids", multiple=True, help="A person by the id that the lists give (person_id).")
@click.option("--principal", help="Who may call no more.")
@click.option("--everybody", is_flag=True, help=_EVERYBODY)
@click.option("--reason", default="opposition", show_default=True, help="Why, in one word.")
@click.option("--region", default="FR", show_default=True, help=_REGION)
@json_option
@pass_shell
def add(shell: Shell, /, principal: str | None, everybody: bool, **wish: Any) -> None:  # noqa: ANN401
    """Put numbers or persons on the list, for ever; it holds for the next reservation of a call.

    A refusal that reaches every number of a person is `dialer consent withdraw`.

    \b
    Example:
      dialer dnc add "01 42 00 00 00" 0612345678 --principal acme --reason letter
      dialer dnc add --person-id P-1042 --everybody
    """
    result = shell.reach.call("dnc_add", principal=_principal(principal, everybody), **wish)
    shell.say(result, f"{result['new']} of {result['given']} are new on the list.")


@dnc.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, resolve_path=True))
@click.option("--principal", help="The file's people refuse calls of this principal.")
@click.option("--everybody", is_flag=True, help="The file's people refuse every call.")
@click.option(
    "--register", metavar="NAME", help="The file is a copy of this register: tps, ctps, dnc, bloctel, rnd, ..."
)
@click.option("--as-of", metavar="DAY", help="The day of the register's copy: 2026-11-20.")
@click.option("--reason", default="opposition", show_default=True, help="Why, in one word, for refusals.")
@click.option("--region", default="FR", show_default=True, help=_REGION)
@json_option
@pass_shell
def import_(
    shell: Shell,
    /,
    file: str,
    principal: str | None,
    everybody: bool,
    register: str | None,
    **options: Any,  # noqa: ANN401
) -> None:
    """Import refusals, or a newer copy of a public register; the file is a column of numbers, CSV or workbook.

    Refusals are only added. A register's copy takes the old one's place: on the way both hold, and its day changes when
    it is whole. Importing a file again changes nothing. Numbers are kept as keyed hashes.

    \b
    Example:
      dialer dnc import refusals.csv --principal acme
      dialer dnc import tps.csv --register tps --as-of 2026-11-20 --region GB
    """
    if register is None:
        options["principal"] = _principal(principal, everybody)
    elif principal is not None or everybody:
        raise click.UsageError("A register is for everybody: give --register alone.")
    result = shell.reach.call("dnc_import", path=file, copy_of=register, **options)
    shell.show(result, _tell_import)


def _tell_import(found: Any) -> None:  # noqa: ANN401 - JSON
    refused = sum(found["refused"].values())
    click.echo(f"{found['read']} read: {found['numbers']} numbers, {found['duplicates']} twice, {refused} are none.")
    print_table(("not a number, because", "rows"), found["refused"].items())
    if "register" in found:
        of = f"The copy of {found['register']} of {found['as_of']} is in use"
        click.echo(f"{of}: {found['added']} added, {found['removed']} removed.")
    else:
        click.echo(f"{found['added']} are new on the list.")


@dnc.command("list")
@click.option("--principal", help="Only this principal's last wishes.")
@click.option("--last", "limit", type=int, default=20, show_default=True, help="How many of the last wishes.")
@click.option("--numbers", is_flag=True, help="Whole numbers, not masked.")
@json_option
@pass_shell
def list_(shell: Shell, /, **options: Any) -> None:  # noqa: ANN401
    """Count the list by principal and reason, show the registers in use and the last wishes.

    Numbers are kept as keyed hashes, so that the list tells nobody who is on it: a number is shown only where the call
    in which it was said is still on record. `dialer dnc check` tells about one number.

    \b
    Example:
      dialer dnc list --principal acme --last 50
    """
    shell.show(shell.reach.call("dnc_list", **options), _tell_list)


def _tell_list(found: Any) -> None:  # noqa: ANN401 - JSON
    print_table(
        ("principal", "reason", "names", "latest"),
        (
            (e["principal"] or "everybody", e["reason"], e["names"], clock_time(e["latest"]))
            for e in found["suppressions"]
        ),
    )
    click.echo()
    print_table(
        ("register", "copy of", "numbers", "imported", "from"),
        ((e["name"], e["as_of"], e["numbers"], clock_time(e["imported_at"]), e["source"]) for e in found["registers"]),
    )
    click.echo()
    print_table(("said", "principal", "reason", "number", "where"), map(_wish, found["latest"]))


def _wish(each: dict[str, Any]) -> tuple[object, ...]:
    return clock_time(each["at"]), each["principal"] or "everybody", each["reason"], each["number"], each["source"]


@dnc.command()
@click.argument("numbers", nargs=-1, required=True, metavar="NUMBER...")
@click.option("--region", default="FR", show_default=True, help=_REGION)
@json_option
@pass_shell
def check(shell: Shell, /, **options: Any) -> None:  # noqa: ANN401
    """Tell whether numbers are on the list, since when, why, and where it was said.

    \b
    Example:
      dialer dnc check "01 42 00 00 00"
      dialer dnc check +33142000000 --json | jq '.numbers[].listed'
    """
    shell.show(shell.reach.call("dnc_check", **options), _tell_check)


def _tell_check(found: Any) -> None:  # noqa: ANN401 - JSON
    for each in found["numbers"]:
        click.echo(f"{each['number']} is {'' if each['listed'] else 'not '}on the list.")
        for entry in each["entries"]:
            if "list" in entry:
                click.echo(f"  register {entry['list']}, copy of {entry['as_of']}")
            else:
                whose = entry["principal"] or "everybody"
                click.echo(f"  {clock_time(entry['at'])}  {whose}: {entry['reason']} ({entry['source']})")
