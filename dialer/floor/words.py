"""The words of the trade, one for one thing, in code, database, MQTT, exports and pages alike."""

from enum import StrEnum


class Result(StrEnum):
    """How an attempt ended for the network."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REJECTED = "rejected"
    INVALID_NUMBER = "invalid_number"
    CONGESTION = "congestion"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class AnsweredBy(StrEnum):
    """Who picked up. ``unsure`` counts as a person wherever the law counts."""

    PERSON = "person"
    MACHINE = "machine"
    UNSURE = "unsure"


class AttemptState(StrEnum):
    """Where an attempt stands in its life; see ``transitions.ATTEMPT``."""

    RESERVED = "reserved"  # committed to the store, Originate not yet sent
    DIALING = "dialing"  # Originate sent
    RINGING = "ringing"
    ANSWERED = "answered"  # picked up, no agent yet
    ROUTED = "routed"  # an agent is reserved for it, the bridge is not yet seen
    CONNECTED = "connected"  # agent and person are in one bridge
    MESSAGE = "message"  # hears the safe-harbour message
    ENDED = "ended"


class AgentState(StrEnum):
    """What an agent does; see ``transitions.AGENT``."""

    OFFLINE = "offline"
    CALLING = "calling"  # the dialer rings the agent's phone
    READY = "ready"  # on the line, in the holding bridge
    RESERVED = "reserved"  # a call is on its way to the agent
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"


class CampaignState(StrEnum):
    """Whether a campaign may dial; see ``transitions.CAMPAIGN``."""

    STOPPED = "stopped"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"  # every lead is worked


class LineMode(StrEnum):
    """How an agent's phone is used."""

    ON_LINE = "on_line"  # stays on the line between calls
    ON_HOOK = "on_hook"  # is rung for each call
