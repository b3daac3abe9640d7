"""Which command is done by what. One registry for the daemon's sockets and for the command line without a daemon."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

from dialer.control import (
    abandonment,
    agents,
    alerts,
    callbacks,
    campaigns,
    configuring,
    consents,
    dnc,
    elsewhere,
    floor_view,
    law,
    leads,
    pacing,
    privacy,
    trail,
)
from dialer.control.login_trail import LoginEntries
from dialer.control.pin_guard import PinGuard
from dialer.control.server import Call, Handler
from dialer.control.services import Services
from dialer.control.wire import JsonObject

_Function = Callable[[Services, Call], Awaitable[JsonObject]]

# These need the store alone and are done without a daemon too.
STORE_COMMANDS: Final[Mapping[str, _Function]] = {
    "campaign_create": campaigns.create,
    "campaign_set": campaigns.change,
    "campaign_move": campaigns.move,
    "campaign_list": campaigns.list_all,
    "campaign_show": campaigns.show,
    "agent_add": agents.add,
    "agent_set": agents.change,
    "agent_list": agents.list_all,
    "leads_import": leads.import_file,
    "leads_check": leads.check,
    "leads_lists": leads.lists,
    "leads_weight": leads.weigh,
    "attempts_import": elsewhere.import_file,
    "attempts_imported": elsewhere.imported,
    "dnc_add": dnc.add,
    "dnc_import": dnc.import_file,
    "dnc_list": dnc.show,
    "dnc_check": dnc.check,
    "consent_add": consents.add,
    "consent_withdraw": consents.withdraw,
    "consent_show": consents.show,
    "consent_export": consents.export,
    "rules_explain": law.explain,
    "audit": law.audit,
    "outcomes_export": floor_view.outcomes_export,
    "explain": floor_view.explain,
    "abandonment": abandonment.show,
    "pacing_explain": pacing.explain,
    "pacing_history": pacing.history,
    "callback_add": callbacks.add,
    "callback_list": callbacks.list_all,
    "callback_move": callbacks.move,
    "callback_cancel": callbacks.cancel,
    "callback_assign": callbacks.assign,
    "disposition_set": floor_view.disposition_set,
    "doctor": floor_view.doctor,
    "person_show": privacy.show,
    "person_erase": privacy.erase,
    "retention_run": privacy.retain,
    "alert_list": alerts.list_all,
    "trail_list": trail.list_all,
}

# These speak to the floor.
FLOOR_COMMANDS: Final[Mapping[str, _Function]] = {
    "agent_call": agents.ring,
    "agent_pause": agents.pause,
    "agent_ready": agents.ready,
    "agent_next": agents.next_call,
    "agent_logout": agents.logout,
    "disposition": agents.dispose,
    "config_reload": configuring.reload,
    "status": floor_view.status,
    "status_watch": floor_view.status_watch,
    "alert_ack": alerts.acknowledge,
    "alert_silence": alerts.silence,
}

# What an agent's phone may ask besides the login. The store has what comes of it: agents' states, outcomes, callbacks.
_PHONE_COMMANDS: Final[Mapping[str, _Function]] = {
    "agent_pause": agents.pause,
    "agent_ready": agents.ready,
    "agent_next": agents.next_call,
    "disposition": agents.dispose,
}


def control_handlers(services: Services) -> dict[str, Handler]:
    """Everything, for supervisors and administrators; ``trail.Trail`` puts on record what is done by it."""
    return _bind({**STORE_COMMANDS, **FLOOR_COMMANDS}, services)


def store_handlers(services: Services) -> dict[str, Handler]:
    """What can be done without a daemon."""
    return _bind(STORE_COMMANDS, services)


def agent_handlers(services: Services) -> dict[str, Handler]:
    """For ``agents.sock``: what Asterisk's user may ask, and no more; logins are put on record."""
    config = services.loaded.config.agents
    guard = PinGuard(config.pin_tries, config.pin_lockout_s)
    login: Handler = partial(agents.login, services, guard)
    recorded = trail.Trail(services, "phone", LoginEntries(services)).over({"agent_login": login})
    return {**recorded, **_bind(_PHONE_COMMANDS, services)}


def _bind(functions: Mapping[str, _Function], services: Services) -> dict[str, Handler]:
    return {name: partial(function, services) for name, function in functions.items()}
