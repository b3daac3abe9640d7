"""Campaigns, their lists and their agents, as rows."""

import json
import re
import sqlite3
from dataclasses import dataclass, field, fields, replace
from typing import Any

from dialer.floor.commands import RecordCampaign
from dialer.floor.events import AgentSettings, CampaignSettings
from dialer.floor.words import CampaignState, LineMode
from dialer.store.errors import AlreadyExists, Invalid, NotFound
from dialer.store.gate import ask_again
from dialer.store.law import LawSettings, law_settings, principal_key
from dialer.store.recording import write_campaign

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_SETTINGS = tuple(field.name for field in fields(CampaignSettings) if field.name != "campaign_id")


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as it is on record. ``created_at`` in seconds since the epoch."""

    settings: CampaignSettings
    state: CampaignState
    name: str
    principal: str
    created_at: float
    law: LawSettings = field(default_factory=LawSettings)


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent as on record; the PIN is kept as a hash and never read back."""

    settings: AgentSettings
    name: str


@dataclass(frozen=True, slots=True)
class LeadList:
    """A list of a campaign. ``leads`` and ``finished`` count what may be dialed and what is done with."""

    list_id: int
    campaign_id: str
    name: str
    leads: int
    finished: int
    weight: int = 1


# --- campaigns ---------------------------------------------------------------------------------------------------


def create_campaign(db: sqlite3.Connection, campaign: Campaign) -> Campaign:
    """Write a new campaign. Invalid for an id that no file name or topic could carry, AlreadyExists when taken.

    Returned as written: a principal that other campaigns have is spelled as there, for people are counted by it.
    """
    _check_id("a campaign", campaign.settings.campaign_id)
    campaign = replace(campaign, principal=_known_spelling(db, campaign.principal))
    values = {
        "id": campaign.settings.campaign_id,
        "name": campaign.name,
        "principal": campaign.principal,
        "state": campaign.state,
        "created_at": campaign.created_at,
        **_settings_row(campaign.settings),
        **campaign.law.row(),
    }
    names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
    try:
        db.execute(f"INSERT INTO campaigns ({names}) VALUES ({marks})", values)  # noqa: S608 - names are our own
    except sqlite3.IntegrityError as error:
        raise _taken(error, f"The campaign {campaign.settings.campaign_id} exists already.") from error
    return campaign


def _known_spelling(db: sqlite3.Connection, principal: str) -> str:
    known = (name for (name,) in db.execute("SELECT principal FROM campaigns ORDER BY created_at, id"))
    return next((name for name in known if principal_key(name) == principal_key(principal)), principal)


def change_campaign(db: sqlite3.Connection, settings: CampaignSettings) -> None:
    """Replace a campaign's settings; its state stays. NotFound when there is no such campaign."""
    assignments = ", ".join(f"{name} = :{name}" for name in _SETTINGS)
    values = {**_settings_row(settings), "id": settings.campaign_id}
    cursor = db.execute(f"UPDATE campaigns SET {assignments} WHERE id = :id", values)  # noqa: S608 - names are our own
    if cursor.rowcount == 0:
        raise NotFound(f"There is no campaign {settings.campaign_id}.")


def change_law(db: sqlite3.Connection, campaign_id: str, law: LawSettings, now: float) -> None:
    """Replace a campaign's law; what the old one blocked or put off is judged anew. NotFound: no such campaign."""
    values = law.row()
    assignments = ", ".join(f"{name} = :{name}" for name in values)
    cursor = db.execute(
        f"UPDATE campaigns SET {assignments} WHERE id = :id",  # noqa: S608 - names are our own
        {**values, "id": campaign_id},
    )
    if cursor.rowcount == 0:
        raise NotFound(f"There is no campaign {campaign_id}.")
    ask_again(db, campaign_id, now)


def set_campaign_state(db: sqlite3.Connection, change: RecordCampaign) -> None:
    """Change a campaign's state and keep the reason; nothing happens when it is in that state already."""
    write_campaign(db, change)


def campaigns(db: sqlite3.Connection, campaign_id: str | None = None) -> tuple[Campaign, ...]:
    """Every campaign by id, or the one named (NotFound when there is none)."""
    rows = db.execute("SELECT * FROM campaigns WHERE ?1 IS NULL OR id = ?1 ORDER BY id", (campaign_id,)).fetchall()
    if campaign_id is not None and not rows:
        raise NotFound(f"There is no campaign {campaign_id}.", hint="See `dialer campaign list`.")
    return tuple(_campaign(row) for row in rows)


def _campaign(row: sqlite3.Row) -> Campaign:
    values = {name: row[name] for name in _SETTINGS}
    values["dispositions"] = tuple((key, what) for key, what in json.loads(row["dispositions"]))
    values["keypad_disposition"] = bool(row["keypad_disposition"])
    settings = CampaignSettings(campaign_id=row["id"], **values)
    state, law = CampaignState(row["state"]), law_settings(row)
    return Campaign(settings, state, row["name"], row["principal"], row["created_at"], law)


def _settings_row(settings: CampaignSettings) -> dict[str, Any]:
    values = {name: getattr(settings, name) for name in _SETTINGS}
    values["dispositions"] = json.dumps(settings.dispositions, ensure_ascii=False)
    return values


# --- lists -------------------------------------------------------------------------------------------------------


def ensure_list(db: sqlite3.Connection, campaign_id: str, name: str, now: float) -> int:
    """The id of a campaign's list, which is created when it is new. NotFound when there is no such campaign."""
    campaigns(db, campaign_id)
    db.execute(
        "INSERT INTO lists (campaign_id, name, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (campaign_id, name, now),
    )
    row = db.execute("SELECT id FROM lists WHERE campaign_id = ? AND name = ?", (campaign_id, name)).fetchone()
    return int(row["id"])


def lists(db: sqlite3.Connection, campaign_id: str) -> tuple[LeadList, ...]:
    """A campaign's lists in the order in which they are called."""
    rows = db.execute(
        """
        SELECT lists.id, lists.name, lists.weight,
            coalesce(sum(i.leads), 0) AS leads, coalesce(sum(i.finished), 0) AS finished
        FROM lists LEFT JOIN imports AS i ON i.list_id = lists.id AND i.state = 'ready'
        WHERE lists.campaign_id = ? GROUP BY lists.id ORDER BY lists.id
        """,
        (campaign_id,),
    )
    return tuple(LeadList(r["id"], campaign_id, r["name"], r["leads"], r["finished"], r["weight"]) for r in rows)


def set_weight(db: sqlite3.Connection, campaign_id: str, name: str, weight: int) -> None:
    """Give a list another weight among its campaign's (0: it rests). NotFound when there is no such list."""
    changed = db.execute("UPDATE lists SET weight = ? WHERE campaign_id = ? AND name = ?", (weight, campaign_id, name))
    if changed.rowcount == 0:
        raise NotFound(f"Campaign {campaign_id} has no list {name!r}.", hint="`dialer leads lists` shows them.")


# --- agents ------------------------------------------------------------------------------------------------------


def create_agent(db: sqlite3.Connection, agent: Agent, pin_hash: str, now: float) -> None:
    """Write a new agent. NotFound for an unknown campaign, AlreadyExists when the id is taken."""
    settings = agent.settings
    _check_id("an agent", settings.agent_id)
    campaigns(db, settings.campaign_id)
    row = (settings.agent_id, agent.name, settings.campaign_id, settings.phone, settings.line_mode, pin_hash, now)
    try:
        db.execute("INSERT INTO agents VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    except sqlite3.IntegrityError as error:
        raise _taken(error, f"The agent {settings.agent_id} exists already.") from error


def change_agent(db: sqlite3.Connection, agent: Agent) -> None:
    """Replace an agent's name and settings; the PIN stays."""
    settings = agent.settings
    campaigns(db, settings.campaign_id)
    cursor = db.execute(
        "UPDATE agents SET name = ?, campaign_id = ?, phone = ?, line_mode = ? WHERE id = ?",
        (agent.name, settings.campaign_id, settings.phone, settings.line_mode, settings.agent_id),
    )
    if cursor.rowcount == 0:
        raise NotFound(f"There is no agent {settings.agent_id}.")


def set_pin(db: sqlite3.Connection, agent_id: str, pin_hash: str) -> None:
    """Replace the hash of an agent's PIN."""
    if db.execute("UPDATE agents SET pin_hash = ? WHERE id = ?", (pin_hash, agent_id)).rowcount == 0:
        raise NotFound(f"There is no agent {agent_id}.")


def pin_hash(db: sqlite3.Connection, agent_id: str) -> str | None:
    """The hash of an agent's PIN, None for an unknown agent."""
    row = db.execute("SELECT pin_hash FROM agents WHERE id = ?", (agent_id,)).fetchone()
    return None if row is None else str(row["pin_hash"])


def agents(db: sqlite3.Connection, campaign_id: str | None = None) -> tuple[Agent, ...]:
    """Every agent by id, or those of one campaign."""
    rows = db.execute("SELECT * FROM agents WHERE ?1 IS NULL OR campaign_id = ?1 ORDER BY id", (campaign_id,))
    return tuple(
        Agent(AgentSettings(row["id"], row["campaign_id"], row["phone"], LineMode(row["line_mode"])), row["name"])
        for row in rows
    )


def _check_id(what: str, value: str) -> None:
    if not _ID.fullmatch(value):
        raise Invalid(
            f"{value!r} cannot be the id of {what}.",
            hint="Use small letters, digits, - and _, at most 40, beginning with a letter or digit.",
        )


def _taken(error: sqlite3.IntegrityError, message: str) -> Exception:
    if error.sqlite_errorcode in (sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE):
        return AlreadyExists(message)
    return Invalid(f"The values are refused: {error}.")
