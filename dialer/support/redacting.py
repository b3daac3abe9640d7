"""What may leave the house: settings without secrets and numbers, the floor without people, masked journal lines.

Each part lists what it lets through. What is new in the dialer stays inside until somebody lists it here.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from dialer.config_file import Loaded
from dialer.log import mask_value

# Free words of people may hold a name; these keys of a journal line do not.
_KEYS: Final = frozenset(
    {
        "event", "level", "timestamp", "version", "code", "command", "calls", "attempts", "campaign",
        "result", "answered_by", "abandoned", "cause", "dialed", "rang_s", "waited_s", "talked_s", "parts",
        "changed", "kept", "alive", "held", "took_ms", "seconds", "tables", "left_out", "migration", "action",
        "records", "waiting", "dropped", "kind", "limit_s", "retry_in_s", "offset_s", "signal",
        "leads", "window", "rate_pct", "budget_calls", "policy",
    }
)  # fmt: skip
# Of these events alone ``why`` is told: it is the word of a library or of the operating system.
_EXPLAINED: Final = frozenset(
    {
        "ami_link_failed", "ami_link_lost", "ami_login_refused", "batch_refused", "disk_not_seen", "mqtt_down",
        "notify_failed", "store_not_checkpointed", "store_unavailable",
    }
)  # fmt: skip
_NAMES_PEOPLE: Final = frozenset({("mqtt", "commands"), ("mqtt", "user")})
_CAMPAIGN_KEYS: Final = (
    *("campaign_id", "state", "calls", "today", "abandonment_limit", "abandonment", "occupancy", "leads_left"),
    "agents_by_state",
)
_PACING_KEYS: Final = ("policy", "reason", "dial", "risk", "inputs", "budget_left", "calls_per_agent")
# Of a traceback: its places, and the names of its errors at the beginning of a line; never what an error says.
_PLACE_OR_ERROR: Final = re.compile(
    r'File "(?:[^"\n]*?/)?((?:[^"/\n]+/){0,2}[^"/\n]+\.py)", line (\d+), in ([\w<>.]+)'
    r"|^[ |+]*((?:\w+\.)*\w*(?:Error|Exception|Group|Exit|Unavailable))(?=:|$| \(|\s*$)",
    re.MULTILINE,
)
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"|«[^»]*»")


def config(loaded: Loaded) -> dict[str, Any]:
    """Each setting and where it was set. Numbers are masked; of files that hold secrets only the names are told.

    Where a setting names people it is only told whether it is set.
    """
    settings = {
        f"{section}.{key}": {
            "value": _setting(section, key, value),
            "source": loaded.sources.get((section, key), "default"),
        }
        for section, keys in loaded.config
        for key, value in keys
    }
    return {"file": str(loaded.path), "settings": settings}


def _setting(section: str, key: str, value: object) -> object:
    if value and (section, key) in _NAMES_PEOPLE:
        return "set, not told"
    return mask_value(str(value) if isinstance(value, Path) else value)


def floor(status: Mapping[str, Any]) -> dict[str, Any]:
    """The status without its agents one by one, and of troubles, whose sentences name agents, only their times."""
    told = {key: status[key] for key in ("at", "version", "instance", "started_at", "draining", "agents_by_state")}
    told["link"] = mask_value(dict(status["link"]))
    told["mqtt"] = status["mqtt"] and {**status["mqtt"], "why": text(status["mqtt"]["why"])}
    told["campaigns"] = [_campaign(campaign) for campaign in status["campaigns"]]
    told["troubles"] = [each["at"] for each in status["troubles"]]
    return told


def _campaign(campaign: Mapping[str, Any]) -> dict[str, Any]:
    told = {key: campaign[key] for key in _CAMPAIGN_KEYS if key in campaign}
    pacing = campaign.get("pacing")
    told["pacing"] = {key: pacing[key] for key in _PACING_KEYS if key in pacing} if pacing else None
    return told


def text(sentence: str) -> str:
    """A sentence with its numbers masked, and without what stands in quotes: that is somebody's own word."""
    return str(mask_value(_QUOTED.sub("'…'", sentence)))


def journal(lines: Iterable[str]) -> Iterator[str]:
    """Lines of the journal: of events the keys that name no person, of everything else only how often it came."""
    others: Counter[str] = Counter()
    for line in lines:
        event = _event(line)
        if event is None:
            others["lines that are no events"] += 1
            continue
        yield json.dumps(_told(event), ensure_ascii=False)
    for what, count in others.items():
        yield json.dumps({"left_out": what, "count": count})


def _told(event: Mapping[str, Any]) -> dict[str, Any]:
    told = {key: _inside(event[key]) for key in event if key in _KEYS}
    if "why" in event and event["event"] in _EXPLAINED:
        told["why"] = _inside(event["why"])
    if "exception" in event:
        told["exception"] = faults(str(event["exception"]))
    return told


def faults(traceback: str) -> list[str]:
    """The places of a traceback and the types of its errors, in their order."""
    found = _PLACE_OR_ERROR.finditer(traceback)
    return [each[4] or f"{each[1]}:{each[2]} in {each[3]}" for each in found]


def _inside(value: object) -> object:
    return text(value) if isinstance(value, str) else mask_value(value)


def _event(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "event" in found else None
