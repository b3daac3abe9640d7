"""What happens to campaigns: settings, states, legal windows, what their pacers learned."""

from dataclasses import replace

from dialer.errors import DialerError
from dialer.floor import events as ev
from dialer.floor.book import Book
from dialer.floor.campaign import LEARNING, Campaign, make_pacer, terms
from dialer.floor.commands import RecordCampaign, RecordMemory
from dialer.floor.transitions import CAMPAIGN, check
from dialer.floor.words import AgentState


def changed(book: Book, event: ev.CampaignChanged) -> None:
    """A new campaign, or new settings or a new state for one."""
    campaign = book.campaigns.get(event.settings.campaign_id)
    if campaign is None:
        pacer = make_pacer(event.settings, book.now, memory=event.memory)
        campaign = Campaign(event.settings, pacer, event.state, memory=event.memory)
        book.campaigns[event.settings.campaign_id] = campaign
        return
    _change_settings(book, campaign, event.settings)
    if event.state is not campaign.state:
        check(CAMPAIGN, f"campaign {event.settings.campaign_id}", campaign.state, event.state)
        campaign.state = event.state
        book.emit(RecordCampaign(event.settings.campaign_id, book.now, event.state, event.reason))


def _change_settings(book: Book, campaign: Campaign, settings: ev.CampaignSettings) -> None:
    was, campaign.settings = campaign.settings, settings
    if (was.policy, was.ratio) == (settings.policy, settings.ratio):
        campaign.pacer.set_terms(terms(settings, campaign.window))
        return
    if was.policy in LEARNING:
        campaign.memory = campaign.pacer.memory()
    campaign.window = _rest_of_window(book, campaign)
    campaign.pacer = make_pacer(settings, book.now, campaign.window, campaign.memory)
    _prime(book, campaign)


def _rest_of_window(book: Book, campaign: Campaign) -> ev.WindowOpened | None:
    """The window from now on, with what it has seen: another policy does not start a new budget."""
    if campaign.window is None:
        return None
    floor, ends_at = campaign.pacer.floor, campaign.window.at + campaign.window.window_s
    return replace(
        campaign.window,
        at=book.now,
        window_s=max(1.0, ends_at - book.now),
        answered_before=floor.answered,
        abandoned_before=floor.abandoned,
    )


def _prime(book: Book, campaign: Campaign) -> None:
    """Tell a new pacer who is there and which calls are in flight."""
    for agent in book.agents.values():
        if agent.campaign_id == campaign.settings.campaign_id and agent.known_to_pacer:
            campaign.observe(book.now, "agent_login", agent=agent.id)
            if agent.state is AgentState.WRAP_UP:
                campaign.observe(book.now, "agent_wrap_up", agent=agent.id)
    for call in book.calls.values():
        if call.attempt.campaign_id == campaign.settings.campaign_id and not call.one_to_one:
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
    _keep_memory(book, campaign)
    campaign.pacer.close_window(at=book.now)
    campaign.pacer.open_window(bounds, at=book.now)
    campaign.window = event


def memory_wanted(book: Book, event: ev.MemoryWanted) -> None:
    """Keep what every pacer has learned."""
    _ = event
    for campaign in book.campaigns.values():
        _keep_memory(book, campaign)


def _keep_memory(book: Book, campaign: Campaign) -> None:
    settings = campaign.settings
    if settings.policy in LEARNING:
        book.emit(RecordMemory(settings.campaign_id, book.now, settings.policy, campaign.pacer.memory()))


def the_campaign(book: Book, campaign_id: str) -> Campaign:
    """The campaign with this id, or DialerError."""
    if campaign_id not in book.campaigns:
        raise DialerError(f"There is no campaign {campaign_id!r}.", hint="`dialer campaign list` shows them.")
    return book.campaigns[campaign_id]
