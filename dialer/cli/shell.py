"""What all commands share: lazy loading, ``--json``, ``--config``, errors with their exit codes."""

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dialer.cli.exits import exit_of
from dialer.cli.output import print_json
from dialer.errors import DialerError

if TYPE_CHECKING:  # quick --help: these pull in pydantic and the store
    from dialer.cli.reach import Reach
    from dialer.config_file import Loaded
    from dialer.control.wire import JsonObject

F = TypeVar("F", bound=Callable[..., Any])


def tell_error(error: DialerError, *, as_json: bool) -> None:
    """An error to standard error: for a person, or as one JSON line."""
    from dialer.control.wire import describe

    told = describe(error)
    if as_json:
        click.echo(json.dumps({"error": told}, ensure_ascii=False), err=True)
        return
    click.echo(f"Error: {told['message']}", err=True)
    if error.hint:
        click.echo(f"  {error.hint}", err=True)


@dataclass
class Shell:
    """One run of the command line."""

    config_path: Path | None = None
    as_json: bool = field(default=False)

    @cached_property
    def loaded(self) -> "Loaded":
        """The configuration, read when first needed. Raises ConfigError."""
        from dialer.config_file import load

        return load(self.config_path)

    @cached_property
    def reach(self) -> "Reach":
        """Carries out commands: in the running daemon, or here on the store when there is none."""
        from dialer.cli.reach import Reach

        return Reach(self.loaded)

    def show(self, result: "JsonObject", tell: Callable[[Any], None]) -> None:
        """Print the result as JSON, or let ``tell`` say it to a person."""
        if self.as_json:
            print_json(result)
        else:
            tell(result)

    def say(self, result: "JsonObject", sentence: str) -> None:
        """Print the result as JSON, or one sentence."""
        self.show(result, lambda _result: click.echo(sentence))


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used, so that ``--help`` is quick."""

    def __init__(self, *args: Any, places: dict[str, tuple[str, str]] | None = None, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self._places = places or {}  # name -> (module:attribute, one-line help)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, loaded or not, in the order given."""
        return [*self._places, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and return it."""
        if cmd_name not in self._places:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self._places[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing them."""
        if not self._places:
            super().format_commands(ctx, formatter)
            return
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self._places.items()])

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Run the command; an error of ours becomes a message and an exit code."""
        try:
            return super().invoke(ctx)
        except DialerError as error:
            tell_error(error, as_json=ctx.ensure_object(Shell).as_json)
            raise click.exceptions.Exit(exit_of(error)) from error


pass_shell = click.make_pass_decorator(Shell, ensure=True)


def json_option(command: F) -> F:
    """Adds ``--json``: the result as JSON on standard output, an error as JSON on standard error."""

    def remember(ctx: click.Context, _param: click.Parameter, value: object) -> None:
        ctx.ensure_object(Shell).as_json = bool(value)

    option = click.option(
        "--json", is_flag=True, expose_value=False, callback=remember, is_eager=True, help="JSON for programs."
    )
    return option(command)
