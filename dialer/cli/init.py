"""``dialer init``: everything the daemon needs on disk before its first start."""

import asyncio
import os
import secrets
import tomllib
from pathlib import Path
from typing import Any, Final

import click

from dialer.cli.shell import Shell, json_option, pass_shell
from dialer.control.wire import BadRequestError, RefusedError

SECRET_BYTES: Final = 24
ASTERISK_SECRET: Final = "manager_dialer_secret.conf"  # noqa: S105 - a file's name


@click.command()
@click.option("--set", "settings", multiple=True, metavar="SECTION.KEY=VALUE", help="Set a key in the new config.")
@click.option("--force", is_flag=True, help="Overwrite config and secret that are there. The store is never touched.")
@json_option
@pass_shell
def init(shell: Shell, settings: tuple[str, ...], force: bool) -> None:
    """Write a commented config, an AMI secret (mode 0600) and an empty store; say what to do next.

    Nothing that exists is overwritten without --force.

    \b
    Example:
      dialer init
      dialer --config ./run/dialer.toml init --set ami.port=5039 --set daemon.state_dir=.
    """
    from dialer.config_file import find_path

    path = find_path(shell.config_path).absolute()
    values = dict(_parse(setting) for setting in settings)
    written = _write_files(path, values, force=force)
    store = _make_store(shell)
    result = {"config": str(path), "written": written, "store": store, "next": _next_steps(path)}
    shell.show(result, _tell)


def _parse(setting: str) -> tuple[tuple[str, str], Any]:
    name, equals, text = setting.partition("=")
    section, dot, key = name.partition(".")
    if not (equals and dot):
        raise BadRequestError(f"--set {setting!r} is not SECTION.KEY=VALUE.", hint="Like: --set ami.port=5039")
    try:
        return (section, key), tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return (section, key), text


def _write_files(path: Path, values: dict[tuple[str, str], Any], *, force: bool) -> list[str]:
    from dialer.cli.config_text import check_known, render_toml
    from dialer.config_file import parse

    check_known(values)
    parse(render_toml(values), path)
    secret = secrets.token_hex(SECRET_BYTES)
    files = {
        path: (render_toml(values), 0o644),
        path.with_name("ami.secret"): (f"{secret}\n", 0o600),
        path.with_name(ASTERISK_SECRET): (f"[dialer](+)\nsecret = {secret}\n", 0o600),
    }
    there = [str(file) for file in files if file.exists()]
    if there and not force:
        raise RefusedError(f"{', '.join(there)}: already there.", hint="Use --force to overwrite.")
    path.parent.mkdir(parents=True, exist_ok=True)
    for file, (text, mode) in files.items():
        _replace(file, text, mode)
    return [str(file) for file in files]


def _replace(file: Path, text: str, mode: int) -> None:
    """Whole or not at all, and never for a moment open to others."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
        fresh.replace(file)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise RefusedError(
            f"{file} cannot be written: {error.strerror}.", hint="Use sudo, or another --config."
        ) from error


def _make_store(shell: Shell) -> str:
    from dialer import log
    from dialer.store.opening import open_store

    path = shell.loaded.config.store_path

    async def make() -> None:
        async with open_store(path, create=True):
            pass

    log.setup("warning")
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        hint = "Use sudo, or --set daemon.state_dir=..."
        raise RefusedError(f"{path.parent} cannot be made: {error.strerror}.", hint=hint) from error
    asyncio.run(make())
    return str(path)


def _next_steps(path: Path) -> list[str]:
    secret = path.with_name(ASTERISK_SECRET)
    return [
        f"install -o asterisk -g asterisk -m 0600 {secret} /etc/asterisk/{ASTERISK_SECRET} && rm {secret}",
        "echo '#include dialer/manager_dialer.conf' >> /etc/asterisk/manager.conf",
        "echo '#include dialer/extensions_dialer.conf' >> /etc/asterisk/extensions.conf",
        "asterisk -rx 'manager reload' && asterisk -rx 'dialplan reload'",
        f"dialer --config {path} doctor",
        f"dialer --config {path} run",
    ]


def _tell(result: Any) -> None:  # noqa: ANN401 - JSON
    for file in [*result["written"], result["store"]]:
        click.echo(f"wrote {file}")
    click.echo("\nNext, with dialerd's asterisk/ files in /etc/asterisk/dialer/:")
    for step in result["next"]:
        click.echo(f"  {step}")
