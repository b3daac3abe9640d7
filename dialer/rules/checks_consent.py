"""Checks of why the person may be called: legal basis, consent register, call-back on request, banned sectors."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from dialer.rules.holidays_fr import add_working_days
from dialer.rules.model import RESERVED_MODES, UNKNOWN, Consent
from dialer.rules.preset import Rule
from dialer.rules.situation import ALLOWED, FOREVER, Situation, Steady, allow, allow_through, block, unknown
from dialer.rules.verdict import Finding


@lru_cache(maxsize=4096)
def plain(word: str) -> str:
    """Return a sector or object in one spelling: ``Energy renovation`` is ``energy_renovation``."""
    return word.strip().lower().replace("-", "_").replace(" ", "_")


def legal_basis(rule: Rule, s: Steady) -> Finding:
    """The call rests on one of the bases that the law gives."""
    basis = s.basis
    if not isinstance(basis, str):
        return unknown("basis")
    if basis not in rule["bases"]:
        return block("the law gives no such basis", basis=basis)
    return allow(basis=basis)


def sector_ban(rule: Rule, s: Steady) -> Finding:
    """The sector is not one in which canvassing is forbidden whatever the consent."""
    if s.basis in rule["unless_basis"]:
        return allow(basis=s.basis)
    if not isinstance(s.sector, str):
        return unknown("sector")
    if plain(s.sector) in rule["sectors"]:
        return block("canvassing in this sector is forbidden, consent or not", sector=s.sector)
    return allow(sector=s.sector)


def consent(rule: Rule, s: Situation) -> Finding:
    """A valid consent stands in the register, unless the call rests on another basis."""
    if s.case.basis in rule["unless_basis"]:
        return ALLOWED
    return valid_consent(rule, s)


def valid_consent(rule: Rule, s: Situation) -> Finding:
    """Return whether the case's consent allows this call until it has stopped ringing."""
    record = s.case.consent
    if record is UNKNOWN:
        return unknown("consent")
    if not isinstance(record, Consent):
        return block("there is no consent")
    return _withdrawn(record) or _proof_and_parties(record, s) or _extent(rule, record) or _period(rule, record, s)


def holds(rule: Rule, record: Consent, at: datetime) -> bool:
    """Return whether a consent stands at an instant, whoever and whatever it was given for: for counting a list."""
    collected, stated = record.collected_at, record.expires_at
    if _withdrawn(record) or not isinstance(record.proof, str) or not record.proof:
        return False
    if not isinstance(collected, datetime) or not (stated is None or isinstance(stated, datetime)):
        return False
    ends = _end(rule, collected, stated)
    return collected <= at and (ends is None or at < ends)


def withdrawal(_rule: Rule, s: Situation) -> Finding:
    """No withdrawal is known: it wins over every basis, at once."""
    record = s.case.consent
    return (_withdrawn(record) if isinstance(record, Consent) else None) or ALLOWED


def request_callback(rule: Rule, s: Situation) -> Finding:
    """A call back on request comes within so many jours ouvrables and about what was asked."""
    if s.case.basis != "request_callback":
        return ALLOWED
    asked = s.case.requested_at
    if not isinstance(asked, datetime):
        return unknown("requested_at")
    if asked > s.at:
        return block("the request is in the future", requested_at=asked)
    wanted, sector = s.case.request_object, s.case.sector
    if isinstance(wanted, str) and (not isinstance(sector, str) or plain(wanted) != plain(sector)):
        return block("the person asked about something else", request_object=wanted)
    asked_on = {asked.astimezone(local.tzinfo).date() for local in s.locals}
    last = min(add_working_days(day, rule["working_days"]) for day in asked_on)
    if any(local.date() > last for local in s.locals):
        return block("the request is too old", requested_at=asked, last_day=last)
    return allow(requested_at=asked, last_day=last)


def written_consent(rule: Rule, s: Situation) -> Finding:
    """An automated or recorded call rests on written consent: any number may be a ported mobile."""
    if s.case.mode in RESERVED_MODES and s.case.prerecorded is not True:
        return allow(mode=s.case.mode)
    return valid_consent(rule, s)


def recorded_consent(rule: Rule, s: Situation) -> Finding:
    """A recorded message that sells rests on express consent."""
    return valid_consent(rule, s) if s.case.prerecorded is True else ALLOWED


def mobile_optin(rule: Rule, s: Situation) -> Finding:
    """A mobile is called with consent only."""
    number = s.case.number
    if isinstance(number, str) and number.startswith(rule["mobile_prefixes"]):
        return valid_consent(rule, s)
    return ALLOWED


def sector_optin(rule: Rule, s: Situation) -> Finding:
    """Some sectors are called with consent only."""
    if not isinstance(s.case.sector, str):
        return unknown("sector")
    if plain(s.case.sector) in rule["sectors"]:
        return valid_consent(rule, s)
    return allow(sector=s.case.sector)


def _withdrawn(record: Consent) -> Finding | None:
    # Any withdrawal blocks, even one dated later than the call: dates can be wrong, a refusal is not.
    if record.withdrawn_at is UNKNOWN:
        return unknown("consent.withdrawn_at")
    if record.withdrawn_at is not None:
        return block("consent was withdrawn", withdrawn_at=record.withdrawn_at)
    return None


def _proof_and_parties(record: Consent, s: Situation) -> Finding | None:
    if record.proof is UNKNOWN:
        return unknown("consent.proof")
    if not record.proof:
        return block("the consent has no proof")
    for name, given, wanted in (
        ("principal", record.principal, s.case.principal),
        ("object", record.object, s.case.sector),
    ):
        if not isinstance(given, str) or not isinstance(wanted, str):
            return unknown(f"consent.{name}" if not isinstance(given, str) else _CASE_KEY[name])
        if plain(given) != plain(wanted):
            return block(f"consent was given for another {name}", consent=given, campaign=wanted)
    return None


_CASE_KEY = {"principal": "principal", "object": "sector"}


def _extent(rule: Rule, record: Consent) -> Finding | None:
    for name, stated in (("automated_dialing", record.automated_dialing), ("written", record.written)):
        if rule.parameters.get(name) and stated is False:
            return block(f"consent does not extend to this: {name}")
    return None


def _period(rule: Rule, record: Consent, s: Situation) -> Finding:
    collected, stated = record.collected_at, record.expires_at
    if not isinstance(collected, datetime):
        return unknown("consent.collected_at")
    if stated is UNKNOWN:
        return unknown("consent.expires_at")
    if collected > s.at:
        return block("consent is dated in the future", collected_at=collected)
    ends = _end(rule, collected, stated)
    if ends is None:
        return allow_through(FOREVER, collected_at=collected, ends=None)
    last = ends - (s.guard or timedelta(0))
    if s.at > last:
        return block("consent has ended, or would end while it rings", collected_at=collected, ends=s.local(ends))
    return allow_through(last, collected_at=collected, ends=s.local(ends))


def _end(rule: Rule, collected: datetime, stated: datetime | None) -> datetime | None:
    ends = [stated.astimezone(UTC)] if stated is not None else []
    if "max_age_days" in rule.parameters:
        ends.append(collected.astimezone(UTC) + timedelta(days=rule["max_age_days"]))
    return min(ends, default=None)
