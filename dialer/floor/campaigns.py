"""What happens to campaigns: settings, states, legal windows, decisions."""

import pacing
from dialer.errors import DialerError
from dialer.floor import events as ev
from dialer.floor.book import Book
from dialer.floor.calls import cancel
from dialer.floor.campaign import Campaign, terms
from dialer.floor.commands import RecordCampaign, RecordDecision
from dialer.floor.transitions import CAMPAIGN, check
from dialer.floor.words import AgentState, CampaignState


def changed(book: Book, event: ev.CampaignChanged) -> None:
    """A new campaign, or new settings or a new state for one."""
    campaign = book.campaigns.get(event.settings.campaign_id)
    if campaign is None:
        campaign = Campaign(event.settings, _pacer(book, event.settings))
        book.campaigns[event.settings.campaign_id] = campaign
        campaign.state = event.state
        return
    _change_settings(book, campaign, event.settings)
    if event.state is not campaign.state:
        check(CAMPAIGN, f"campaign {event.settings.campaign_id}", campaign.state, event.state)
        campaign.state = event.state
        book.emit(RecordCampaign(event.settings.campaign_id, book.now, event.state, event.reason))


def _pacer(book: Book, settings: ev.CampaignSettings, window: ev.WindowOpened | None = None) -> pacing.Pacer:
    pacer = pacing.create(settings.policy)
    pacer.open_window(terms(settings, window), at=book.now)
    return pacer


def _change_settings(book: Book, campaign: Campaign, settings: ev.CampaignSettings) -> None:
    new_policy = settings.policy != campaign.settings.policy
    campaign.settings = settings
    if new_policy:
        campaign.pacer = _pacer(book, settings, campaign.window)
        _prime(book, campaign)
    else:
        campaign.pacer.set_terms(terms(settings, campaign.window))


def _prime(book: Book, campaign: Campaign) -> None:
    """Tell a new pacer who is there and which calls are in flight."""
    for agent in book.agents.values():
        if agent.campaign_id == campaign.settings.campaign_id and agent.known_to_pacer:
            campaign.observe(book.now, "agent_login", agent=agent.id)
            if agent.state is AgentState.WRAP_UP:
                campaign.observe(book.now, "agent_wrap_up", agent=agent.id)
    for call in book.calls.values():
        if call.attempt.campaign_id == campaign.settings.campaign_id:
            _prime_call(book, campaign, call.id)


def _prime_call(book: Book, campaign: Campaign, call_id: str) -> None:
    call = book.calls[call_id]
    campaign.observe(book.now, "call_dialed", call=call_id)
    if call.answered_at is None or call.ended_at is not None:
        return
    campaign.observe(book.now, "call_person", call=call_id)
    if call.agent_id is not None and call.connected_at is not None:
        campaign.observe(book.now, "call_connected", call=call_id, agent=call.agent_id)
        campaign.observe(book.now, "agent_talking", call=call_id, agent=call.agent_id)


def window_opened(book: Book, event: ev.WindowOpened) -> None:
    """A legal window begins: the pacer starts a new budget, or goes on with what was counted before."""
    campaign = the_campaign(book, event.campaign_id)
    bounds = terms(campaign.settings, event)
    campaign.pacer.close_window(at=book.now)
    campaign.pacer.open_window(bounds, at=book.now)
    campaign.window = event


def the_campaign(book: Book, campaign_id: str) -> Campaign:
    """The campaign with this id, or DialerError."""
    if campaign_id not in book.campaigns:
        raise DialerError(f"There is no campaign {campaign_id!r}.", hint="`dialer campaign list` shows them.")
    return book.campaigns[campaign_id]


def decide(book: Book, campaign_id: str) -> pacing.Decision:
    """How many calls this campaign should dial now. Calls to be cancelled are cancelled."""
    campaign = the_campaign(book, campaign_id)
    hold = _why_not(book, campaign)
    decision = pacing.Decision(0, (), 0.0, hold, {}) if hold else campaign.pacer.decide(book.now)
    for attempt_id in decision.cancel:
        cancel(book, attempt_id)
    if decision.dial > 0 or decision.reason != campaign.last_reason:
        campaign.last_reason = decision.reason
        book.emit(
            RecordDecision(campaign_id, book.now, decision.dial, decision.reason, decision.risk, dict(decision.inputs))
        )
    return decision


def _why_not(book: Book, campaign: Campaign) -> str:
    if campaign.state is not CampaignState.RUNNING:
        return str(campaign.state)
    if book.draining:
        return "draining"
    return "" if book.link_up else "no_link"
