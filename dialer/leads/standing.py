"""What store and law say of the rows of a file, before anybody is called: refusals, consents, people known already."""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from itertools import chain
from typing import Final

from dialer.rules import Preset, Rule
from dialer.rules.checks_consent import holds
from dialer.store.comparing import Known
from dialer.store.staging import StagedNumber, StagedRow
from dialer.store.stated import Stated

_SCREENED: Final = ("screening", "listed")
STANDINGS: Final = ("known", "known_people", "suppressed", "listed", "unscreened", "without_consent")
_SILENT: Final = Stated({}, "")


class Standing:
    """Counts rows by what is known of them: each name of ``STANDINGS`` in ``counts``."""

    def __init__(self, preset: Preset, known: Known, now: float) -> None:
        self._known = known
        self._at = datetime.fromtimestamp(now, UTC)
        day = self._at.date()
        self._consumer = self._rule(preset.consumer or preset)
        self._business = self._rule(preset)
        rules = [rule for kind in _SCREENED for rule in preset.of_kind(kind) if rule.holds_on(day)]
        self._registers = sorted({name for rule in rules for name in rule["lists"]})
        self._unscreened = [rule for rule in rules if rule.kind == "screening" and not self._is_fresh(rule)]
        self.counts: Counter[str] = Counter()

    def _rule(self, preset: Preset) -> Rule | None:
        return next((rule for rule in preset.of_kind("consent") if rule.holds_on(self._at.date())), None)

    def _is_fresh(self, rule: Rule) -> bool:
        today, copies = self._at.date(), self._known.copies
        limits = rule["lists"].items()
        return all(name in copies and 0 <= (today - copies[name]).days <= most for name, most in limits)

    def add(
        self, rows: Sequence[StagedRow], others: Mapping[int, Sequence[StagedNumber]], stated: Sequence[Stated]
    ) -> list[bool]:
        """Look up valid rows; of each whether nothing stands against a call.

        ``others``: further numbers, by line. ``stated``: what each row says for the law; empty where no column does.
        """
        if self._known.nothing and not stated:
            consented, screened = self._has_consent(_SILENT, ()), self._is_screened(_SILENT, ())
            self.counts["without_consent"] += len(rows) * (not consented)
            self.counts["unscreened"] += len(rows) * (not screened)
            return [consented and screened] * len(rows)
        said = stated or [_SILENT] * len(rows)
        names_of = [
            [row[3], *(other[2] for other in others.get(row[0], ())), *_person(own)]
            for row, own in zip(rows, said, strict=True)
        ]
        every = list(chain.from_iterable(names_of))
        found, suppressed = self._known.elsewhere(every), self._known.suppressed(every)
        self.counts["known"] += sum(row[3] in found for row in rows)
        free = []
        for own, names in zip(said, names_of, strict=True):
            self.counts["known_people"] += self._is_known(found, names, own)
            free.append(self._add(own, names, suppressed))
        return free

    def _is_known(self, found: Mapping[str, bool], names: Sequence[str], own: Stated) -> bool:
        if any(found.get(name) for name in names):
            return True
        person_id = own.text("person_id")
        return person_id is not None and self._known.is_person(person_id)

    def _add(self, own: Stated, names: Sequence[str], suppressed: AbstractSet[str]) -> bool:
        against = {
            "suppressed": not suppressed.isdisjoint(names),
            "listed": self._known.is_listed(names[0], self._registers),
            "unscreened": not self._is_screened(own, names),
            "without_consent": not self._has_consent(own, names),
        }
        self.counts.update(name for name, is_so in against.items() if is_so)
        return not any(against.values())

    def _has_consent(self, own: Stated, names: Sequence[str]) -> bool:
        campaign = self._known.campaign
        audience = (own.text("audience") or campaign.audience).lower()
        rule = self._business if audience == "b2b" else self._consumer
        if rule is None or (own.text("basis") or campaign.basis).lower() in rule["unless_basis"]:
            return True
        return self._agreed(rule, own, names)

    def _is_screened(self, own: Stated, names: Sequence[str]) -> bool:
        """Whether copies of the registers that the law asks are young enough, or consent stands in their place."""
        return all(rule.parameters.get("allow_consent") and self._agreed(rule, own, names) for rule in self._unscreened)

    def _agreed(self, rule: Rule, own: Stated, names: Sequence[str]) -> bool:
        known, here = self._known.consents(names), own.consent()
        found = [*known, here] if here else known
        if any(consent.withdrawn_at is not None for consent in found):
            return False
        return any(holds(rule, consent, self._at) for consent in found)


def _person(own: Stated) -> list[str]:
    """The name under which a person stands who has the source's id."""
    person_id = own.text("person_id")
    return [f"person:{person_id}"] if person_id else []
