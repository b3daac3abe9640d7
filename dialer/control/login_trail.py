"""Logins on agents' phones in the audit trail: who the agent is and on which phone; of refused ones, a bounded number.

Of what agents do on their phones only this is in the trail: the rest is on record as what came of it (agents' states,
outcomes, callbacks), and would bury what supervisors command.
"""

from dataclasses import dataclass, field, replace
from typing import Final

from dialer.control.server import Call
from dialer.control.services import Services
from dialer.control.trail import HIDDEN
from dialer.control.wire import BadRequestError, JsonObject
from dialer.log import mask_text
from dialer.store.alerts import Audit

HOUR_S: Final = 3_600.0
EACH: Final = 20  # refused logins of one phone in an hour that are kept one by one
MOST_PHONES: Final = 1_000  # remembered; above it the oldest is forgotten, and its count begins anew


@dataclass(slots=True)
class Refusals:
    """Counts each phone's refused logins, for an hour from the first."""

    _counts: dict[str, tuple[int, float]] = field(default_factory=dict)  # phone -> (refused, since when)

    def count(self, phone: str, now: float) -> int:
        """One more was refused; the number in this hour."""
        refused, since = self._counts.pop(phone, (0, now))
        if now >= since + HOUR_S:
            refused, since = 0, now
        self._counts[phone] = (refused + 1, since)
        if len(self._counts) > MOST_PHONES:
            del self._counts[next(iter(self._counts))]
        return refused + 1


def worth_an_entry(refused: int) -> bool:
    """The first EACH are, then each time the number has doubled: a phone that tries for ever makes few entries."""
    doublings, rest = divmod(refused, EACH)
    return refused <= EACH or (rest == 0 and doublings.bit_count() == 1)


def phone_of(params: JsonObject) -> str:
    """The phone in a channel's name: ``PJSIP/101-0000001f`` is a call of ``PJSIP/101``; empty when there is none."""
    channel = params.get("channel")
    return mask_text(channel.rpartition("-")[0]) if isinstance(channel, str) else ""


@dataclass(frozen=True, slots=True)
class LoginEntries:
    """What the trail keeps of a login. An id that no agent has is hidden: it may be a PIN that was typed for it."""

    services: Services
    refusals: Refusals = field(default_factory=Refusals)

    def __call__(self, call: Call, audit: Audit) -> Audit | None:
        """The entry; None when this phone has been refused too often to keep each."""
        if audit.result == "done":
            return replace(audit, who=call.params["agent_id"], params=self._told(call.params))
        refused = self.refusals.count(phone_of(call.params), audit.at)
        if not worth_an_entry(refused):
            return None
        # Nobody has proven to be that agent, so ``who`` stays the user of the program on the phone.
        told = audit.params if audit.result == BadRequestError.code else self._told(call.params)
        return replace(audit, params={**told, "refused_in_hour": refused})

    def _told(self, params: JsonObject) -> JsonObject:
        known = {agent.agent_id for agent in self.services.snapshot().agents}
        agent_id = params["agent_id"] if params["agent_id"] in known else HIDDEN
        return {"agent_id": agent_id, "phone": phone_of(params), "channel_id": params["channel_id"]}
