"""``dialer run``: the daemon."""

import click

from dialer.cli.shell import Shell, json_option, pass_shell

STDERR = 2  # the descriptor: a crash writes past Python's own streams


@click.command()
@json_option
@pass_shell
def run(shell: Shell) -> None:
    """Run the daemon in the foreground until SIGTERM or Ctrl-C, which drain it: no new calls, talks end.

    systemd runs exactly this. It logs to standard error, as JSON lines unless that is a terminal (--json: always).

    \b
    Example:
      dialer run
      dialer --config ./run/dialer.toml run
    """
    import faulthandler

    from dialer import log
    from dialer.daemon import run as run_daemon

    faulthandler.enable(STDERR)  # a starved watchdog sends SIGABRT: the journal then shows where the daemon stood

    config = shell.loaded.config
    log.setup(config.log.level, "json" if shell.as_json else config.log.format)
    run_daemon(shell.loaded)
