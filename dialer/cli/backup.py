"""``dialer backup`` and ``dialer restore``: the store as it was."""

import asyncio
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from dialer.cli.output import clock_time, duration, print_table
from dialer.cli.shell import Shell, json_option, pass_shell


@click.command()
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), help="Another folder than [backup] folder.")
@click.option("--list", "listing", is_flag=True, help="Show the backups that there are; make none.")
@json_option
@pass_shell
def backup(shell: Shell, to: Path | None, listing: bool) -> None:
    """Copy the store and its key while the dialer runs; prove the copy by reading it whole; remove old backups.

    A backup has its name only when it is proven. Old ones go by [backup] keep_days and keep_at_least, those in the
    folder of --to too. dialerd-backup.timer does this each night.

    \b
    Example:
      dialer backup
      dialer backup --list
      dialer backup --to /mnt/other-disk/dialer
    """
    folder = to or shell.loaded.config.backup_folder
    if listing:
        shell.show(_listed(folder), _tell_list)
    else:
        shell.show(_made(shell, folder), _tell_made)


def _listed(folder: Path) -> dict[str, Any]:
    from dialer.store.backup import backups

    found = [
        {"file": str(each.path), "made_at": each.made_at, "bytes": each.path.stat().st_size} for each in backups(folder)
    ]
    return {"folder": str(folder), "backups": found}


def _made(shell: Shell, folder: Path) -> dict[str, Any]:
    from dialer.store.backup import back_up, remove_old

    config, now = shell.loaded.config, time.time()
    started = time.monotonic()
    made, proof = back_up(config.store_path, folder, now)
    removed = remove_old(folder, config.backup.keep_days, config.backup.keep_at_least, now)
    return {
        "file": str(made.path),
        "made_at": made.made_at,
        "bytes": made.path.stat().st_size,
        "schema": proof.schema,
        "rows": dict(proof.rows),
        "took_s": round(time.monotonic() - started, 3),
        "removed": [str(path) for path in removed],
    }


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Prove the backup, and change nothing.")
@json_option
@pass_shell
def restore(shell: Shell, file: Path, check: bool) -> None:
    """Put a backup in the place of the store. The daemon must be stopped; the old store is kept beside it.

    The backup is read whole first. What people have asked for since (not to be called, consents withdrawn, to be
    erased) is taken over from the old store, when it can still be read. The calls made since are not known afterwards:
    their leads may be called again, so campaigns that ran are paused.

    \b
    Example:
      dialer restore --check /var/lib/dialer/backups/dialer-20261122T023000Z.db
      dialer restore /var/lib/dialer/backups/dialer-20261122T023000Z.db
    """
    from dialer import log
    from dialer.control.server import Peer
    from dialer.store.backup import prove
    from dialer.store.restoring import restore as put_back

    if check:
        proof = prove(file)
        shell.show({"file": str(file), "schema": proof.schema, "rows": dict(proof.rows)}, _tell_proof)
        return
    log.setup("warning")
    store = shell.loaded.config.store_path
    done = asyncio.run(put_back(store, file, time.time(), Peer(os.getpid(), os.getuid()).user))
    told = {
        "store": str(store),
        "kept": str(done.kept) if done.kept else None,
        "rows": dict(done.proof.rows),
        "taken_over": asdict(done.taken_over) if done.taken_over else None,
        "erased_again": done.erased,
        "not_erased": done.not_erased,
        "paused": list(done.paused),
    }
    shell.show(told, _tell_restored)


def _tell_list(result: Any) -> None:  # noqa: ANN401 - JSON
    if not result["backups"]:
        click.echo(f"There is no backup in {result['folder']}.")
        return
    now = time.time()
    rows = [(each["file"], clock_time(each["made_at"]), _age(now - each["made_at"]), _size(each["bytes"]))
            for each in result["backups"]]  # fmt: skip
    print_table(("file", "made", "age", "size"), rows)


def _tell_made(result: Any) -> None:  # noqa: ANN401 - JSON
    rows = sum(result["rows"].values())
    click.echo(f"{result['file']}: {_size(result['bytes'])}, {rows} rows, proven in {result['took_s']:.1f} s.")
    for path in result["removed"]:
        click.echo(f"removed {path}")


def _tell_proof(result: Any) -> None:  # noqa: ANN401 - JSON
    click.echo(f"{result['file']} is sound: schema {result['schema']}, {sum(result['rows'].values())} rows.")


def _tell_restored(result: Any) -> None:  # noqa: ANN401 - JSON
    click.echo(f"{result['store']} is the backup now: {sum(result['rows'].values())} rows.")
    if result["kept"] is not None:
        click.echo(f"The old store is kept as {result['kept']}.")
        _tell_taken_over(result["taken_over"])
    if result["erased_again"]:
        click.echo(f"People who were erased since, erased again: {result['erased_again']} numbers.")
    if result["not_erased"]:
        click.echo(f"NOT erased, for a call to them was open: {result['not_erased']} numbers. Start the daemon,")
        click.echo("and erase them again with `dialer person erase`.")
    for campaign_id in result["paused"]:
        click.echo(f"Campaign {campaign_id} is paused: dialer campaign start {campaign_id}")


def _tell_taken_over(taken_over: Any) -> None:  # noqa: ANN401 - JSON
    if taken_over is None:
        click.echo(
            "It cannot be read: what people have asked for since the backup, not to be called too, is NOT known."
        )
        return
    asked = f"{taken_over['wishes']} wishes not to be called, {taken_over['consents']} consents and withdrawals"
    click.echo(f"Taken over from it: {asked}.")
    if taken_over["attempts"]:
        click.echo(f"Calls made since the backup, now unknown: {taken_over['attempts']}; they may be made again.")


def _age(seconds: float) -> str:
    days, rest = divmod(int(seconds), 86_400)
    return f"{days} d {duration(rest)}" if days else duration(rest)


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
