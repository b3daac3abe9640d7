"""The alerts that stand: raised after a hold time, resolved after a clear time, with hysteresis in between."""

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from dialer.alerts.words import KINDS, LANGUAGES, Language, Reading, Severity, Value
from dialer.config_telling import Alerts
from dialer.errors import DialerError

State = Literal["raised", "changed", "acknowledged", "resolved"]
ANYTHING: Final = "*"
Key = tuple[str, str, str]  # kind, scope, subject


class NoSuchAlertError(DialerError):
    """There is no alert of this id that stands."""

    code = "no_such_alert"


class _Words(dict[str, Value]):
    def __missing__(self, _name: str) -> "_Missing":
        return _Missing()


class _Missing:
    def __format__(self, _spec: str) -> str:
        return "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert from its raising to its resolution. Times are seconds since the epoch."""

    alert_id: str
    kind: str
    scope: str
    subject: str
    severity: Severity
    since: float  # when the bound was crossed
    raised_at: float
    value: float
    threshold: float
    words: Mapping[str, Value]
    resolved_at: float | None = None
    acknowledged_by: str = ""
    acknowledged_at: float | None = None
    silenced: bool = False  # nobody has been told of it

    def text(self, language: Language) -> tuple[str, str]:
        """Cause and hint. A word that is missing, for another version raised the alert, is told as ``?``."""
        text = KINDS[self.kind].texts[language]
        words = _Words({**self.words, "subject": self.subject, "value": self.value, "threshold": self.threshold})
        return text.cause.format_map(words), text.hint.format_map(words)


@dataclass(frozen=True, slots=True)
class Silence:
    """Alerts of this kind and scope (``*``: any) are not told until then. ``by`` says who wanted it."""

    kind: str
    scope: str
    until: float
    by: str
    why: str = ""

    def covers(self, alert: Alert, now: float) -> bool:
        """Whether the alert is not to be told now."""
        return now < self.until and self.kind in (ANYTHING, alert.kind) and self.scope in (ANYTHING, alert.scope)


@dataclass(frozen=True, slots=True)
class Change:
    """Something to be told of an alert."""

    state: State
    alert: Alert


@dataclass(slots=True)
class _Watched:
    """One subject: which of its steps stands (0: none), which is aimed at, and since when."""

    step: int = 0
    aim: int = 0
    aim_since: float = 0.0
    alert: Alert | None = None
    last: Reading | None = None


def _step_of(alert: Alert, reading: Reading) -> int:
    """The step of the alert's severity; the first when the rule has none of it any more."""
    severities = [step.severity for step in reading.steps]
    return severities.index(alert.severity) + 1 if alert.severity in severities else 1


def _new_id() -> str:
    return secrets.token_hex(8)


class Board:
    """Takes the readings of each moment and answers what is to be told of them."""

    def __init__(self, settings: Alerts, new_id: Callable[[], str] = _new_id) -> None:
        self.settings = settings
        self._new_id = new_id
        self._watched: dict[Key, _Watched] = {}
        self._silences: list[Silence] = []

    # --- readings ----------------------------------------------------------------------------------------------------

    def judge(self, readings: Iterable[tuple[str, Reading]], now: float, unread: Collection[str] = ()) -> list[Change]:
        """The readings of every rule, each with its kind. What is no longer read is well, unless its kind is unread."""
        read = {(kind, reading.scope, reading.subject): reading for kind, reading in readings}
        changes: list[Change] = []
        gone = [key for key in self._watched.keys() - read.keys() if key[0] not in unread]
        for key in [*read, *gone]:
            watched = self._watched.setdefault(key, _Watched())
            changes += self._look(key, watched, read.get(key), now)
            if watched.alert is None and watched.aim == 0:
                del self._watched[key]
        self._silences = [silence for silence in self._silences if now < silence.until]
        return changes

    def _look(self, key: Key, watched: _Watched, reading: Reading | None, now: float) -> list[Change]:
        if reading is not None and watched.last is None and watched.alert is not None:
            watched.step = watched.aim = _step_of(watched.alert, reading)  # restored: only a reading knows the steps
        reached = 0 if reading is None else self._reached(reading, watched.step)
        watched.last = reading or watched.last
        if (reached > watched.step) != (watched.aim > watched.step) or watched.aim == watched.step:
            watched.aim_since = now
        watched.aim = reached
        if reached != watched.step and now - watched.aim_since >= self._patience(reading, reached > watched.step):
            return self._step(key, watched, now)
        return self._stay(watched, reading, now)

    def _reached(self, reading: Reading, standing: int) -> int:
        """The last step whose bound is crossed; a step that stands gives way only past the hysteresis."""
        if reading.few and not standing:
            return 0
        slack = self.settings.hysteresis_pct / 100
        for number in range(len(reading.steps), 0, -1):
            bound = reading.steps[number - 1].bound
            eased = bound * (1 + slack if reading.falling else 1 - slack) if number <= standing else bound
            if reading.value <= eased if reading.falling else reading.value >= eased:
                return number
        return 0

    def _patience(self, reading: Reading | None, worse: bool) -> float:
        if not worse:
            return self.settings.clear_s
        return self.settings.hold_s if reading is None or reading.hold_s is None else reading.hold_s

    def _step(self, key: Key, watched: _Watched, now: float) -> list[Change]:
        before, watched.step = watched.alert, watched.aim
        if watched.step == 0:
            watched.alert = None
            if before is None:
                return []
            told = replace(before, resolved_at=now, value=watched.last.value if watched.last else before.value)
            return [] if before.silenced else [Change("resolved", told)]
        reading = watched.last
        assert reading is not None  # noqa: S101 - a step is reached by a reading only
        step = reading.steps[watched.step - 1]
        if before is None:
            alert = self._raise(key, watched, reading, now)
            return self._tell("raised", watched, alert, now)
        # Worse than what was acknowledged is news again.
        worse = step.bound < before.threshold if reading.falling else step.bound > before.threshold
        acknowledged = {"acknowledged_by": "", "acknowledged_at": None} if worse else {}
        alert = replace(self._filled(before, reading, watched.step), **acknowledged)  # type: ignore[arg-type]
        return self._tell("changed", watched, alert, now)

    def _raise(self, key: Key, watched: _Watched, reading: Reading, now: float) -> Alert:
        kind, scope, subject = key
        step = reading.steps[watched.step - 1]
        return Alert(
            alert_id=self._new_id(),
            kind=kind,
            scope=scope,
            subject=subject,
            severity=step.severity,
            since=watched.aim_since,
            raised_at=now,
            value=reading.value,
            threshold=step.bound,
            words=reading.words,
        )

    def _filled(self, alert: Alert, reading: Reading, number: int) -> Alert:
        step = reading.steps[number - 1]
        return replace(alert, value=reading.value, words=reading.words, threshold=step.bound, severity=step.severity)

    def _stay(self, watched: _Watched, reading: Reading | None, now: float) -> list[Change]:
        if watched.alert is None or reading is None:
            return []
        was_silenced = watched.alert.silenced
        watched.alert = self._filled(watched.alert, reading, watched.step)
        return self._tell("raised", watched, watched.alert, now) if was_silenced else []

    def _tell(self, state: State, watched: _Watched, alert: Alert, now: float) -> list[Change]:
        silenced = any(silence.covers(alert, now) for silence in self._silences)
        was_told = watched.alert is not None and not watched.alert.silenced
        watched.alert = replace(alert, silenced=silenced and not was_told)
        return [] if silenced else [Change("raised" if not was_told else state, watched.alert)]

    # --- people ------------------------------------------------------------------------------------------------------

    @property
    def standing(self) -> tuple[Alert, ...]:
        """The alerts that stand, the most severe first, then the oldest."""
        order = list(Severity)
        found = [watched.alert for watched in self._watched.values() if watched.alert is not None]
        return tuple(sorted(found, key=lambda alert: (-order.index(alert.severity), alert.since)))

    @property
    def silences(self) -> tuple[Silence, ...]:
        """What is not told now."""
        return tuple(self._silences)

    def acknowledge(self, alert_id: str, by: str, now: float) -> Change:
        """Somebody has taken the alert on. Raises NoSuchAlertError."""
        for watched in self._watched.values():
            if watched.alert is not None and watched.alert.alert_id == alert_id:
                watched.alert = replace(watched.alert, acknowledged_by=by, acknowledged_at=now)
                return Change("acknowledged", watched.alert)
        raise NoSuchAlertError(f"No alert {alert_id} stands.", hint="See `dialer alerts list`.")

    def silence(self, silence: Silence) -> None:
        """Do not tell what it covers; it takes the place of an earlier one of the same kind and scope."""
        kept = [each for each in self._silences if (each.kind, each.scope) != (silence.kind, silence.scope)]
        self._silences = [*kept, silence]

    def restore(self, alerts: Iterable[Alert], silences: Iterable[Silence]) -> None:
        """Go on with what stood when the daemon last ran: its alerts keep their ids until they are resolved.

        Every alert must be of a known kind.
        """
        self._silences = [*silences]
        for alert in alerts:
            key = (alert.kind, alert.scope, alert.subject)
            self._watched[key] = _Watched(step=1, aim=1, aim_since=alert.since, alert=alert)


__all__ = ["ANYTHING", "LANGUAGES", "Alert", "Board", "Change", "NoSuchAlertError", "Silence", "State"]
