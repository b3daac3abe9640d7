"""Checks of what was done and shown: earlier attempts, abandoned calls, lists, suppression, the number displayed."""

import re
from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

from dialer.rules.calendar import wall_instant
from dialer.rules.checks_consent import valid_consent
from dialer.rules.model import UNKNOWN
from dialer.rules.preset import Rule
from dialer.rules.situation import ALLOWED, FOREVER, Situation, Steady, allow, allow_through, block, unknown
from dialer.rules.verdict import Finding, Severity
from dialer.rules.zones import zone

_ONE_DAY: Final = timedelta(days=1)
_E164: Final = re.compile(r"\+[1-9][0-9]{5,14}")


def suppression(_rule: Rule, s: Steady) -> Finding:
    """The number and the person stand on no suppression list of the principal."""
    if not isinstance(s.suppressed, bool):
        return unknown("suppressed")
    return block("the person is suppressed") if s.suppressed else allow(suppressed=False)


def only_prefixes(rule: Rule, s: Situation) -> Finding:
    """The number is of the only ranges that may be called."""
    number = s.case.number
    if not isinstance(number, str):
        return unknown("number")
    return ALLOWED if number.startswith(rule["prefixes"]) else block("only numbers of some ranges may be called")


def in_flight(_rule: Rule, s: Steady) -> Finding:
    """No other call to this number or person is under way; whoever reserves the attempt states it."""
    return block("another call is under way") if s.in_flight is True else ALLOWED


def clock_sync(rule: Rule, s: Steady) -> Finding:
    """The clock is right to the second; the daemon states its offset."""
    offset = s.clock_offset_s
    if isinstance(offset, int | float) and abs(offset) >= rule["max_offset_s"]:
        return block("the clock is wrong", clock_offset_s=offset)
    return ALLOWED


def min_ring(rule: Rule, s: Steady) -> Finding:
    """The phone rings long enough to be answered."""
    ring = s.ring_timeout_s
    if not isinstance(ring, int | float):
        return unknown("ring_timeout_s")
    if ring < rule["min_s"]:
        return block("it would ring too short", ring_timeout_s=ring, min_s=rule["min_s"])
    return allow(ring_timeout_s=ring)


def recall_after_abandon(rule: Rule, s: Situation) -> Finding:
    """After an abandoned call the person is not rung for a while, unless an agent is reserved."""
    last = s.case.last_abandoned_at
    if last is None or s.reserved:
        return ALLOWED
    if last is UNKNOWN:
        return unknown("last_abandoned_at")
    free = last.astimezone(UTC) + timedelta(hours=rule["wait_h"])
    if s.at >= free:
        return allow_through(FOREVER, last_abandoned_at=last)
    if not isinstance(s.case.agent_reserved, bool):
        return unknown("agent_reserved")
    return s.postpone(free, last_abandoned_at=last, wait_h=rule["wait_h"])


def recall_ban(rule: Rule, s: Situation) -> Finding:
    """After a silent call nobody calls for a while, and then only with an agent reserved."""
    last = s.case.last_abandoned_at
    if last is None:
        return ALLOWED
    if last is UNKNOWN:
        return unknown("last_abandoned_at")
    free = last.astimezone(UTC) + timedelta(hours=rule["wait_h"])
    if s.at < free:
        return s.postpone(free, last_abandoned_at=last, wait_h=rule["wait_h"])
    return ALLOWED if s.reserved else block("an agent must be reserved after a silent call")


def attempts_by_day(rule: Rule, s: Situation) -> Finding:
    """Fewer than ``count`` attempts in ``window_days`` calendar days, today included, by the person's dates."""
    if not isinstance(s.case.attempts, tuple):
        return unknown("attempts")
    count, days = int(rule["count"]), int(rule["window_days"])
    if count == 0:
        return block("no attempt at all is allowed", count=count)
    if not s.case.attempts:
        return _none_made(rule)
    attempts, frees, most, later = sorted(s.case.attempts), [], 0, False
    for key, local in zip(s.place.zones, s.locals, strict=True):
        begins, ends = _window(local.date(), days, key)
        end = bisect_left(attempts, ends)
        made = end - bisect_left(attempts, begins)
        most, later = max(most, made), later or end < len(attempts)
        if made >= count:
            first = attempts[end - count].astimezone(zone(key)).date()
            frees.append(wall_instant(first + timedelta(days=days), 0, key))
    inputs = {"made": most, "count": count, "window_days": days}
    if frees:
        return s.postpone(max(frees), **inputs)
    return allow(**inputs) if later else allow_through(FOREVER, **inputs)


@lru_cache(maxsize=1024)
def _none_made(rule: Rule) -> Finding:
    return allow_through(FOREVER, made=0, count=int(rule["count"]), window_days=int(rule["window_days"]))


@lru_cache(maxsize=4096)
def _window(today: date, days: int, key: str) -> tuple[datetime, datetime]:
    """Return when so many calendar days, of which ``today`` is the last, begin and end in a zone."""
    tomorrow = today + _ONE_DAY
    return wall_instant(tomorrow - timedelta(days=days), 0, key), wall_instant(tomorrow, 0, key)


def attempts_by_hour(rule: Rule, s: Situation) -> Finding:
    """In some states: fewer than ``count`` attempts in the last ``window_h`` hours."""
    if not s.place.states & set(rule["in_states"]):
        return allow(states=sorted(s.place.states))
    if not isinstance(s.case.attempts, tuple):
        return unknown("attempts")
    count, window = int(rule["count"]), timedelta(hours=rule["window_h"])
    made = sorted(a.astimezone(UTC) for a in s.case.attempts if s.at - window < a <= s.at)
    if count == 0:
        return block("no attempt at all is allowed", count=count)
    if len(made) < count:
        return allow(made=len(made), count=count)
    return s.postpone(made[len(made) - count] + window, made=len(made), count=count)


def machine_same_day(_rule: Rule, s: Situation) -> Finding:
    """A number taken for a machine today is called again today only with an agent reserved."""
    last = s.case.last_machine_at
    if not isinstance(last, datetime) or s.reserved:
        return ALLOWED
    for key, local in zip(s.place.zones, s.locals, strict=True):
        if last.astimezone(zone(key)).date() == local.date():
            return s.postpone(wall_instant(local.date() + _ONE_DAY, 0, key), last_machine_at=last)
    return allow(last_machine_at=last)


def screening(rule: Rule, s: Situation) -> Finding:
    """The number was looked up in every list lately and stands on none."""
    if rule.parameters.get("allow_consent"):
        consent = valid_consent(rule, s)
        if consent.severity is Severity.ALLOW:
            return consent
    screened, listed = s.case.screened_at, s.case.listed_in
    if not isinstance(listed, frozenset):
        return unknown("listed_in")
    for name, max_age in rule["lists"].items():
        if name in listed:
            return block("the number is on a list of people who refuse calls", list=name)
        day = screened.get(name) if screened and screened is not UNKNOWN else None
        if day is None:
            return unknown(f"screened_at.{name}")
        ages = [(local.date() - day).days for local in s.locals]
        if not all(0 <= age <= max_age for age in ages):
            return block("the list's copy is too old", list=name, screened_at=day, max_age=max_age)
    return allow(lists=dict(rule["lists"]))


def listed(rule: Rule, s: Situation) -> Finding:
    """The number stands on none of some lists (their age is not known to the preset)."""
    found = s.case.listed_in
    if not isinstance(found, frozenset):
        return unknown("listed_in")
    for name in rule["lists"]:
        if name in found:
            return block("the number is on a list of people who refuse calls", list=name)
    return allow(lists=list(rule["lists"]))


def reassigned(_rule: Rule, s: Situation) -> Finding:
    """The number still belongs to whoever consented: asked on or after the day of consent, answered no."""
    collected = getattr(s.case.consent, "collected_at", None)
    if not isinstance(collected, datetime):
        return allow(consent=None)
    screened, listed_in = s.case.screened_at, s.case.listed_in
    if not isinstance(listed_in, frozenset):
        return unknown("listed_in")
    day = screened.get("rnd") if screened and screened is not UNKNOWN else None
    if "rnd" in listed_in:
        return block("the number has another owner since consent was given")
    if day is None:
        return unknown("screened_at.rnd")
    if not s.local(collected).date() <= day <= s.local(s.at).date():
        return block("asked before consent was given, or in the future", screened_at=day)
    return allow(screened_at=day)


def cli_assigned(_rule: Rule, s: Steady) -> Finding:
    """The displayed number is a real one, and one of the campaign's."""
    shown = s.caller_id
    if shown is UNKNOWN:
        return unknown("caller_id")
    if shown is None or not _E164.fullmatch(shown):
        return block("the displayed number is empty, anonymous or no E.164 number", caller_id=shown)
    if isinstance(s.caller_ids, frozenset) and shown not in s.caller_ids:
        return block("the displayed number is not assigned to the campaign", caller_id=shown)
    return allow(caller_id=shown)


def cli_prefixes(rule: Rule, s: Steady) -> Finding:
    """An automated system shows a number of the ranges made for it."""
    shown = s.caller_id
    if not isinstance(shown, str):
        return unknown("caller_id")
    if shown.startswith(rule["prefixes"]):
        return allow(caller_id=shown)
    if not isinstance(s.mode, str):
        return unknown("mode")
    if s.mode in rule["modes"]:
        return block("an automated system may not show this number", caller_id=shown, mode=s.mode)
    return allow(caller_id=shown, mode=s.mode)


def cli_forbidden(rule: Rule, s: Steady) -> Finding:
    """The displayed number is of no forbidden kind."""
    shown = s.caller_id
    if not isinstance(shown, str):
        return unknown("caller_id")
    if shown.startswith(rule["forbidden_prefixes"]):
        return block("a number of this kind may not be displayed", caller_id=shown)
    return allow(caller_id=shown)
