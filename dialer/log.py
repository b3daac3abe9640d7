"""The journal: events with snake_case names, one line each, never a whole phone number.

JSON on standard error unless that is a terminal; to systemd's journal itself where standard error leads there.
``docs/reference/log.md`` says what each name means.
"""

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, Final, Literal, TextIO

import structlog

from dialer.journal import JournalLogger, leads_to_journal

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "console", "journal"]

# International with a plus sign, national in pairs (01 42 00 00 00), or a bare run of 9 to 15 digits. Asterisk's ids
# (1763779725.12) and our own stand next to dots, dashes or letters and are left alone: a call must stay traceable.
_NUMBER: Final = re.compile(r"\+\d{8,15}|(?<![\w.-])(?:0\d(?:[ .-]\d\d){4}|\d{9,15})(?![\w-]|\.\d)")
_SHOWN_FRONT: Final = 5
_SHOWN_BACK: Final = 2


def mask(number: str) -> str:
    """A phone number with its middle hidden: ``+33142000000`` becomes ``+3314•••••00``."""
    hidden = len(number) - _SHOWN_FRONT - _SHOWN_BACK
    if hidden <= 0:
        return "•" * len(number)
    return f"{number[:_SHOWN_FRONT]}{'•' * hidden}{number[-_SHOWN_BACK:]}"


def mask_text(text: str) -> str:
    """The text with everything in it that looks like a phone number masked."""
    return _NUMBER.sub(lambda found: mask(found[0]), text)


def mask_value(value: object) -> object:
    """``mask_text`` for any value that is logged, at any depth."""
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, dict):
        return {mask_value(key): mask_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [mask_value(item) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return mask_text(str(value))


def _mask_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in event.keys() - {"timestamp", "level"}:
        event[key] = mask_value(event[key])
    return event


def setup(level: Level = "info", style: Format = "auto", stream: TextIO | None = None) -> None:
    """Configure structlog for this process; ``stream`` is standard error unless given."""
    out = stream or sys.stderr
    chosen = _choose(out) if style == "auto" else style
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,  # a traceback as text passes through the mask too
            _mask_event,
            *_renderers(chosen, colors=out.isatty()),
        ],
        wrapper_class=_filtering(level),
        logger_factory=_factory(out) if chosen == "journal" else structlog.PrintLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )


def _choose(out: TextIO) -> Format:
    if out.isatty():
        return "console"
    return "journal" if leads_to_journal(out) else "json"


def _renderers(style: Format, *, colors: bool) -> list[structlog.typing.Processor]:
    if style == "console":
        return [structlog.dev.ConsoleRenderer(colors=colors)]
    as_json = structlog.processors.JSONRenderer(ensure_ascii=False)
    return [as_json] if style == "json" else [_with_fields]


def _with_fields(
    logger: object, method: str, event: MutableMapping[str, Any]
) -> tuple[tuple[object, ...], dict[str, Any]]:
    """What ``JournalLogger.msg`` takes."""
    fields = dict(event)
    message = structlog.processors.JSONRenderer(ensure_ascii=False)(logger, method, event)
    return (message, str(fields.get("level", "info")), fields), {}


def _factory(out: TextIO) -> Callable[..., JournalLogger]:
    logger = JournalLogger(out)
    return lambda *_: logger


def change_level(level: Level) -> None:
    """Write less or more from now on; everything else stays as ``setup`` was told."""
    structlog.configure(wrapper_class=_filtering(level))


def _filtering(level: Level) -> type[structlog.typing.FilteringBoundLogger]:
    return structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()])
