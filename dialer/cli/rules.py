"""``dialer rules``: may this number be called, and which rule says so. Needs no daemon and no store."""

import gc
import json
import sys
from collections.abc import Iterable, Iterator
from typing import IO, Any

import click

from dialer.cli.exits import Exit
from dialer.cli.output import print_table
from dialer.cli.shell import LazyGroup, Shell, json_option, pass_shell
from dialer.errors import DialerError
from dialer.leads.numbers import Number, parse
from dialer.log import mask
from dialer.rules import Case, CaseError, Preset, Verdict, judge, load_preset, preset_names
from dialer.rules.caseform import AUDIENCES, BASES, MODES, read_case

_REGIONS = {"fr": "FR", "fr_b2b": "FR", "uk": "GB", "generic": None}


@click.group(cls=LazyGroup)
def rules() -> None:
    """Explain the calling law as the dialer applies it."""


@rules.command()
@click.option("--case", "case_file", type=click.File("rb"), help="One case, a JSON object; - for standard input.")
@click.option("--cases", "cases_file", type=click.File("rb"), help="Many cases, one a line; one verdict a line.")
@click.option("--preset", type=click.Choice(preset_names()), help="Whose rules.")
@click.option("--number", help="The number to call.")
@click.option("--at", help="When, with the offset: 2026-12-24T12:59:50+01:00.")
@click.option("--postcode")
@click.option("--principal", help="On whose behalf.")
@click.option("--audience", type=click.Choice(AUDIENCES))
@click.option("--sector", help="What is sold.")
@click.option("--mode", type=click.Choice(MODES))
@click.option("--caller-id", help="The number displayed.")
@click.option("--ring-timeout-s", type=float)
@click.option("--basis", type=click.Choice(BASES))
@click.option("--lead", "lead_id", type=click.IntRange(1), help="A lead of the store, with all that the store knows.")
@click.option("--campaign", "campaign_id", help="With --number: as the store knows it, under this campaign's law.")
@json_option
@pass_shell
def explain(
    shell: Shell,
    /,
    case_file: IO[bytes] | None,
    cases_file: IO[bytes] | None,
    lead_id: int | None,
    campaign_id: str | None,
    **facts: Any,  # noqa: ANN401
) -> None:
    """Tell whether a number may be called, rule by rule: allow, postpone until when, or block.

    What is not given is unknown, and what is unknown blocks where a rule needs it.

    \b
    Example:
      dialer rules explain --case case.json --json
      dialer rules explain --cases cases.jsonl
      dialer rules explain --preset fr --number "01 42 00 00 00" --at 2026-12-24T12:59:50+01:00
      dialer rules explain --lead 1042 --at 2026-12-24T12:59:50+01:00
      dialer rules explain --campaign summer --number "01 42 00 00 00"
    """
    stated = {key: value for key, value in facts.items() if value is not None}
    if lead_id is not None or campaign_id is not None:
        if case_file or cases_file or (lead_id is None) == (campaign_id is None) or stated.keys() - {"number", "at"}:
            raise click.UsageError("With the store's facts: --lead ID, or --campaign ID and --number; and --at.")
        whom = {"lead_id": lead_id, "campaign_id": campaign_id, **stated}
        given = {key: value for key, value in whom.items() if value is not None}
        shell.show(shell.reach.call("rules_explain", **given), _tell_stored)
        return
    if sum((case_file is not None, cases_file is not None, bool(stated))) != 1:
        raise click.UsageError("Give --case FILE, or --cases FILE, or --preset, --number and --at.")
    if cases_file is not None:
        _answer_many(cases_file)
        return
    text = b"" if case_file is None else case_file.read()
    try:
        verdict = _answer(stated if case_file is None else _object(text))
    except DialerError as error:
        click.echo(f"Error: {_line_of(text, error)}{error}", err=True)
        raise click.exceptions.Exit(Exit.USAGE) from error
    if shell.as_json:
        click.echo(verdict.as_json())
    else:
        _tell(json.loads(verdict.as_json()))


def _answer_many(lines: Iterable[bytes]) -> None:
    """Write one line for each case; a case that cannot be read gets an error line, and exit code 2 in the end."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)  # verdicts leave no cycles: the default makes them a third slower
    wrong = 0
    out = sys.stdout
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            out.write(f"{_answer(_object(line)).as_json()}\n")
        except DialerError as error:
            wrong += 1
            told = {"line": number, "code": error.code, "message": str(error)}
            out.write(json.dumps({"error": told}, ensure_ascii=False) + "\n")
            click.echo(f"Error: line {number}: {error}", err=True)
    out.flush()
    if wrong:
        raise click.exceptions.Exit(Exit.USAGE)


def _line_of(text: bytes, error: DialerError) -> str:
    """Return the line of the case's file that the error's key stands on."""
    key = getattr(error, "key", "").rpartition(".")[2]
    for number, line in enumerate(text.splitlines(), 1):
        if key and f'"{key}"'.encode() in line:
            return f"line {number}: "
    return ""


def _object(text: bytes) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CaseError("case", f"this is no JSON: {error}.") from error
    if not isinstance(data, dict):
        raise CaseError("case", "a JSON object is needed.")
    return data


def _answer(data: dict[str, Any]) -> Verdict:
    preset_name = data.pop("preset", None)
    if not isinstance(preset_name, str):
        raise CaseError("preset", "is missing.", hint=f"Known: {', '.join(preset_names())}.")
    preset = load_preset(preset_name)
    return judge(preset, _with_e164(preset, read_case(data)))


def _with_e164(preset: Preset, case: Case) -> Case:
    """Read a number that is not written in E.164; one that cannot be read stays as it is, and is refused by a rule."""
    raw = case.number
    if not isinstance(raw, str) or (raw[:1] == "+" and raw[1:].isdecimal()):
        return case
    found = parse(raw, _REGIONS.get(preset.name, preset.name.upper()))
    return case._replace(number=found.e164) if isinstance(found, Number) else case


def _tell(found: Any) -> None:  # noqa: ANN401 - JSON
    until = f" until {found['until']}" if found["until"] else ""
    by = f" ({found['rule']})" if found["rule"] else ""
    click.echo(f"{found['verdict']}{until}{by}   preset {found['preset']}, version {found['version']}\n")
    print_table(("rule", "verdict", "until", "inputs", "source"), _rows(found["reasons"]))


def _rows(reasons: Iterable[Any]) -> Iterator[tuple[object, ...]]:
    for reason in reasons:
        inputs = "; ".join(f"{name} {_text(value)}" for name, value in reason["inputs"].items())
        yield reason["rule"], reason["verdict"], reason["until"], inputs, reason["source"]


def _tell_stored(found: Any) -> None:  # noqa: ANN401 - JSON
    case, lead = found["case"], found["lead"]
    who = f"Lead {lead['id']} ({lead['state']})" if lead else "No lead"
    click.echo(f"{who} of campaign {found['campaign_id']}, number {mask(case['number'])}, at {case['at']}:")
    if lead and lead["next_reason"]:
        click.echo(f"as it stands: {lead['next_reason']}")
    _tell(found)


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


if __name__ == "__main__":
    rules(prog_name="dialer rules")
