"""The one table of hang-up causes: what a Q.850 number means for a call that was never answered.

Numbers and names: Asterisk's ``include/asterisk/causes.h`` (ITU-T Q.850). SIP codes: ``hangup_sip2cause`` of
``channels/chan_pjsip.c``, Asterisk 22. ``docs/reference/hangup-causes.md`` is printed from this file.
"""

from dataclasses import dataclass

from dialer.floor.words import Result


@dataclass(frozen=True, slots=True)
class Cause:
    """One row: the Q.850 number, its name, the SIP answers that chan_pjsip turns into it, our result, and why."""

    number: int
    name: str
    result: Result
    sip: str = ""
    why: str = ""


CAUSES: tuple[Cause, ...] = (
    Cause(0, "not set", Result.NO_ANSWER, why="Asterisk gave up ringing, or the caller's side was hung up first"),
    Cause(1, "unallocated number", Result.INVALID_NUMBER, "404, 485, 604"),
    Cause(2, "no route to transit network", Result.CONGESTION),
    Cause(3, "no route to destination", Result.INVALID_NUMBER, why="the carrier knows no way to this number"),
    Cause(5, "misdialled trunk prefix", Result.INVALID_NUMBER),
    Cause(6, "channel unacceptable", Result.FAILED),
    Cause(7, "call awarded in an established channel", Result.FAILED),
    Cause(8, "pre-empted", Result.CONGESTION),
    Cause(14, "number ported elsewhere", Result.INVALID_NUMBER),
    Cause(16, "normal clearing", Result.NO_ANSWER, why="never answered: our own ring time limit ended it"),
    Cause(17, "user busy", Result.BUSY, "486, 600"),
    Cause(18, "no user responding", Result.NO_ANSWER, "408"),
    Cause(19, "no answer from the user", Result.NO_ANSWER, "480, 483"),
    Cause(20, "subscriber absent", Result.NO_ANSWER, why="a mobile that is off: the number is good"),
    Cause(21, "call rejected", Result.REJECTED, "401, 403, 407, 603"),
    Cause(22, "number changed", Result.INVALID_NUMBER, "410"),
    Cause(23, "redirected to a new destination", Result.REJECTED),
    Cause(26, "answered elsewhere", Result.NO_ANSWER),
    Cause(27, "destination out of order", Result.CONGESTION, "502"),
    Cause(28, "invalid number format", Result.INVALID_NUMBER, "484"),
    Cause(29, "facility rejected", Result.FAILED, "501"),
    Cause(30, "response to status enquiry", Result.FAILED),
    Cause(31, "normal, unspecified", Result.NO_ANSWER),
    Cause(34, "no circuit available", Result.CONGESTION, "503", "every line of the carrier is taken"),
    Cause(38, "network out of order", Result.CONGESTION, "500"),
    Cause(41, "temporary failure", Result.CONGESTION, "409"),
    Cause(42, "switching equipment congestion", Result.CONGESTION, "5xx"),
    Cause(43, "access information discarded", Result.FAILED),
    Cause(44, "requested channel not available", Result.CONGESTION),
    Cause(50, "facility not subscribed", Result.FAILED),
    Cause(52, "outgoing call barred", Result.FAILED, why="the trunk may not call this number: tell the carrier"),
    Cause(54, "incoming call barred", Result.REJECTED),
    Cause(57, "bearer capability not authorised", Result.FAILED),
    Cause(58, "bearer capability not available", Result.FAILED, "488, 606"),
    Cause(65, "bearer capability not implemented", Result.FAILED),
    Cause(66, "channel type not implemented", Result.FAILED, why="the trunk is not defined in Asterisk"),
    Cause(69, "facility not implemented", Result.FAILED),
    Cause(81, "invalid call reference", Result.FAILED),
    Cause(88, "incompatible destination", Result.FAILED),
    Cause(95, "invalid message", Result.FAILED),
    Cause(96, "mandatory element missing", Result.FAILED),
    Cause(97, "message type not existing", Result.FAILED),
    Cause(98, "wrong message", Result.FAILED),
    Cause(99, "element not existing", Result.FAILED),
    Cause(100, "invalid element", Result.FAILED),
    Cause(101, "wrong call state", Result.FAILED),
    Cause(102, "recovery on timer expiry", Result.CONGESTION, "504"),
    Cause(103, "mandatory element length error", Result.FAILED),
    Cause(111, "protocol error", Result.FAILED),
    Cause(127, "interworking", Result.FAILED, "400, 405, 481, 487, 505, and any other"),
)

# ``Reason`` of OriginateResponse (main/pbx.c: an AST_CONTROL number; 0 is everything else).
ORIGINATE_REASONS: dict[int, Result] = {
    0: Result.FAILED,
    1: Result.NO_ANSWER,  # AST_CONTROL_HANGUP: it ended before anybody picked up
    3: Result.NO_ANSWER,  # AST_CONTROL_RINGING: rang for the whole ring time limit
    5: Result.BUSY,
    8: Result.CONGESTION,
}

_RESULTS = {cause.number: cause.result for cause in CAUSES}


def result_of_cause(number: int) -> Result:
    """What a Q.850 number means for a call never answered; a number outside the table is ``failed``."""
    return _RESULTS.get(number, Result.FAILED)


def result_of_reason(number: int) -> Result:
    """What OriginateResponse's ``Reason`` means; it is coarser than the hang-up cause, which the floor prefers."""
    return ORIGINATE_REASONS.get(number, Result.FAILED)


def reference_page() -> str:
    """The text of ``docs/reference/hangup-causes.md``."""
    rows = [f"| {c.number} | {c.name} | {c.sip} | `{c.result}` | {c.why} |" for c in CAUSES]
    reasons = [f"| {number} | `{result}` |" for number, result in ORIGINATE_REASONS.items()]
    return "\n".join(
        [
            "# Hang-up causes and results",
            "",
            "Printed from `dialer/pbx/causes.py` by `python -m dialer.pbx.causes`; a test fails when the two differ.",
            "",
            "What the network's hang-up cause means for a call that was **never answered**. An answered call has the",
            "result `answered` whatever its cause. A call that the dialer itself gave up is `cancelled`, one whose end",
            "nobody saw is `unknown`. A cause outside the table is `failed`.",
            "",
            "| cause (Q.850) | name | SIP answer | result | why |",
            "|---|---|---|---|---|",
            *rows,
            "",
            "## Failed originates",
            "",
            "`Reason` of Asterisk's `OriginateResponse`, used when no hang-up cause is known. Any other is `failed`.",
            "",
            "| reason | result |",
            "|---|---|",
            *reasons,
            "",
        ]
    )


if __name__ == "__main__":
    import sys

    sys.stdout.write(reference_page())
