"""What store and law say of the rows of a file, before anybody is called: refusals, consents, people known already."""

import json
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
_SAYS: Final = ('"consent_', '"person_id"', '"basis"', '"audience"')


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

    def add(self, rows: Sequence[StagedRow], others: Mapping[int, Sequence[StagedNumber]]) -> list[bool]:
        """Look up valid rows; of each whether nothing stands against a call. ``others``: further numbers, by line."""
        # All rows of a file have the same fields.
        says = bool(rows) and any(name in rows[0][2] for name in _SAYS)
        if self._known.nothing and not says:
            consented, screened = self._has_consent({}, ()), self._is_screened({}, ())
            self.counts["without_consent"] += len(rows) * (not consented)
            self.counts["unscreened"] += len(rows) * (not screened)
            return [consented and screened] * len(rows)
        fields_of: list[dict[str, str]] = [json.loads(row[2]) if says else {} for row in rows]
        names_of = [
            [row[3], *(other[2] for other in others.get(row[0], ())), *_person(fields)]
            for row, fields in zip(rows, fields_of, strict=True)
        ]
        every = list(chain.from_iterable(names_of))
        found, suppressed = self._known.elsewhere(every), self._known.suppressed(every)
        self.counts["known"] += sum(row[3] in found for row in rows)
        free = []
        for fields, names in zip(fields_of, names_of, strict=True):
            self.counts["known_people"] += self._is_known(found, names, fields)
            free.append(self._add(fields, names, suppressed))
        return free

    def _is_known(self, found: Mapping[str, bool], names: Sequence[str], fields: Mapping[str, str]) -> bool:
        if any(found.get(name) for name in names):
            return True
        person_id = fields.get("person_id")
        return bool(person_id) and self._known.is_person(str(person_id))

    def _add(self, fields: Mapping[str, str], names: Sequence[str], suppressed: AbstractSet[str]) -> bool:
        against = {
            "suppressed": not suppressed.isdisjoint(names),
            "listed": self._known.is_listed(names[0], self._registers),
            "unscreened": not self._is_screened(fields, names),
            "without_consent": not self._has_consent(fields, names),
        }
        self.counts.update(name for name, is_so in against.items() if is_so)
        return not any(against.values())

    def _has_consent(self, fields: Mapping[str, str], names: Sequence[str]) -> bool:
        campaign = self._known.campaign
        audience = fields.get("audience", "").lower() or campaign.audience
        rule = self._business if audience == "b2b" else self._consumer
        if rule is None or (fields.get("basis", "").lower() or campaign.basis) in rule["unless_basis"]:
            return True
        return self._agreed(rule, fields, names)

    def _is_screened(self, fields: Mapping[str, str], names: Sequence[str]) -> bool:
        """Whether copies of the registers that the law asks are young enough, or consent stands in their place."""
        return all(
            rule.parameters.get("allow_consent") and self._agreed(rule, fields, names) for rule in self._unscreened
        )

    def _agreed(self, rule: Rule, fields: Mapping[str, str], names: Sequence[str]) -> bool:
        own = Stated(fields, names[0]).consent() if fields else None
        found = [*self._known.consents(names), *([own] if own else [])]
        if any(consent.withdrawn_at is not None for consent in found):
            return False
        return any(holds(rule, consent, self._at) for consent in found)


def _person(fields: Mapping[str, str]) -> list[str]:
    """The name under which a person stands who has the source's id."""
    person_id = fields.get("person_id")
    return [f"person:{person_id}"] if person_id else []
