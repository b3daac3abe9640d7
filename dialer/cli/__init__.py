"""The command line, ``dialer``: one module a command group, each imported when it is used."""

from pathlib import Path

import click

from dialer import __version__
from dialer.cli.shell import LazyGroup, Shell

_PLACES = {
    "init": ("dialer.cli.init:init", "Write a commented config, an AMI secret and an empty store."),
    "config": ("dialer.cli.config:config", "Check the configuration and show what is in force."),
    "doctor": ("dialer.cli.doctor:doctor", "Check everything a call needs; say what to type where it fails."),
    "run": ("dialer.cli.run:run", "Run the daemon."),
    "campaign": ("dialer.cli.campaign:campaign", "Create, start, pause, stop and list campaigns."),
    "agents": ("dialer.cli.agents:agents", "Add agents, put them on the line, pause them."),
    "leads": ("dialer.cli.leads:leads", "Import lists of leads."),
    "attempts": ("dialer.cli.attempts:attempts", "Tell of calls that others made for a principal."),
    "dnc": ("dialer.cli.dnc:dnc", "Keep the do-not-call list and copies of registers."),
    "consent": ("dialer.cli.consent:consent", "Keep the consent register and export its proofs."),
    "alerts": ("dialer.cli.alerts:alerts", "See, take on and silence what asks for somebody."),
    "status": ("dialer.cli.status:status", "Show the floor now, or live with --watch."),
    "outcomes": ("dialer.cli.outcomes:outcomes", "Export what came of the calls."),
    "explain": ("dialer.cli.explain:explain", "Tell the whole life of one call, with times and reasons."),
    "abandonment": ("dialer.cli.abandonment:abandonment", "Show abandoned calls in every window of the law."),
    "pacing": ("dialer.cli.pacing:pacing", "Explain pacing decisions and replay recorded days."),
    "simulate": ("dialer.cli.simulate:simulate", "Try policies and team sizes on a simulated floor."),
    "rules": ("dialer.cli.rules:rules", "Explain the calling law as the dialer applies it."),
    "backup": ("dialer.cli.backup:backup", "Back up the store while the dialer runs."),
    "support": ("dialer.cli.support:support", "Write a bundle for who helps you, with no personal data in it."),
    "restore": ("dialer.cli.backup:restore", "Put a backup in the place of the store."),
    "callback": ("dialer.cli.callback:callback", "Promise, list, move, cancel and assign callbacks."),
    "person": ("dialer.cli.person:person", "Show, export and erase what is held on a person."),
    "retention": ("dialer.cli.retention:retention", "Take out what is kept no longer."),
    "audit": ("dialer.cli.audit:audit", "Prove that no attempt broke the law, or list those that did."),
    "trail": ("dialer.cli.trail:trail", "Show who commanded what, when and from where."),
    "disposition": ("dialer.cli.disposition:disposition", "Say what came of a call."),
}


@click.group(
    cls=LazyGroup,
    places=_PLACES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 could not be done, 2 wrong input, 3 no daemon, 4 problems found (doctor, audit).",
)
@click.version_option(__version__, prog_name="dialer")
@click.option(
    "--config",
    "config_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Config file; else $DIALER_CONFIG, else /etc/dialer/dialer.toml.",
)
@click.pass_context
def main(ctx: click.Context, config_path: Path | None) -> None:
    """A predictive dialer for Asterisk.

    \b
    First steps:
      dialer init                                   write config, secret and store
      dialer doctor                                 what is still missing
      dialer run                                    the daemon, or: systemctl start dialerd
      dialer campaign create summer --trunk carrier --caller-id +33162000000
      dialer leads import people.csv --campaign summer
      dialer agents add 101 --campaign summer --phone 101
      dialer campaign start summer
      dialer status --watch
    """
    ctx.obj = Shell(config_path=config_path)
