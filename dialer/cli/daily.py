"""``dialer outcomes daily``: each whole day's outcomes as files, for who fetches them every morning."""

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import click

from dialer.cli.moment import midnight
from dialer.cli.rows import rows_in
from dialer.cli.shell import Shell, json_option, pass_shell
from dialer.control.wire import RefusedError

MADE_UP_FOR: Final = 7  # days: a machine may have been off for a week
ENDINGS: Final = {"csv": "csv", "excel": "csv", "jsonl": "jsonl"}


@click.command()
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), help="Another folder than [export] folder.")
@json_option
@pass_shell
def daily(shell: Shell, to: Path | None) -> None:
    """Write the outcomes of yesterday, a file for each campaign that called: 2026-11-21/summer.csv.

    The six days before are made up for where they are missing. A day's folder has its name only when it is whole; it is
    empty when nobody was called. It is not written again: for what was corrected later type `dialer outcomes export`.
    Days older than [export] keep_days are removed. dialerd-export.timer does this each night.

    \b
    Example:
      dialer outcomes daily
      dialer outcomes daily --to /mnt/principal
    """
    folder, kept = to or shell.loaded.config.export_folder, shell.loaded.config.export.keep_days
    campaigns = [campaign["campaign_id"] for campaign in shell.reach.call("campaign_list")["campaigns"]]
    today = date.today()  # noqa: DTZ011 - a day of the centre is a day by its own clock
    try:
        written = [_write(shell, folder, day, campaigns) for day in _missing(folder, today)]
        removed = [str(path) for path in _remove_old(folder, today - timedelta(days=kept))]
    except OSError as error:
        raise RefusedError(f"{folder} cannot be written: {error.strerror}.") from error
    shell.show({"folder": str(folder), "days": written, "removed": removed}, _tell)


def _missing(folder: Path, today: date) -> Iterator[date]:
    for ago in range(MADE_UP_FOR, 0, -1):
        day = today - timedelta(days=ago)
        if not (folder / day.isoformat()).exists():
            yield day


def _write(shell: Shell, folder: Path, day: date, campaigns: list[str]) -> dict[str, Any]:
    """The files of one day, under another name until they are whole."""
    fresh = folder / f".{day}.part"
    _clear(fresh)
    fresh.mkdir(parents=True)
    try:
        counts = _fill(shell, fresh, day, campaigns)
        fresh.rename(folder / day.isoformat())
    finally:
        _clear(fresh)
    return {"day": day.isoformat(), "campaigns": counts}


def _fill(shell: Shell, folder: Path, day: date, campaigns: list[str]) -> dict[str, int]:
    """A file for each campaign that called, and how many rows it has."""
    style = shell.loaded.config.export.format
    period = {"since": midnight(day), "until": midnight(day + timedelta(days=1))}
    counts = {}
    for campaign_id in campaigns:
        path = folder / f"{campaign_id}.{ENDINGS[style]}"
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = rows_in(style, file)
            done = shell.reach.stream("outcomes_export", rows.take, campaign_id=campaign_id, **period)
        if done["count"]:
            counts[campaign_id] = done["count"]
        else:
            path.unlink()
    return counts


def _remove_old(folder: Path, oldest: date) -> Iterator[Path]:
    """Remove the folders of days before ``oldest``; whatever else lies there stays."""
    for path in sorted(folder.iterdir()) if folder.exists() else []:
        if path.is_dir() and (day := _day_of(path)) is not None and day < oldest:
            shutil.rmtree(path)
            yield path


def _day_of(path: Path) -> date | None:
    try:
        day = date.fromisoformat(path.name)
    except ValueError:
        return None
    return day if path.name == day.isoformat() else None


def _clear(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _tell(result: Any) -> None:  # noqa: ANN401 - JSON
    for day in result["days"]:
        told = ", ".join(f"{campaign_id} {count}" for campaign_id, count in day["campaigns"].items())
        click.echo(f"{result['folder']}/{day['day']}: {told or 'nobody was called'}")
    if not result["days"]:
        click.echo(f"Nothing new: the last {MADE_UP_FOR} days are in {result['folder']}.")
    for path in result["removed"]:
        click.echo(f"removed {path}")
