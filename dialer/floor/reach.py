"""Do answered calls reach us? One that did not is one person too many: no more calls until the dialplan reaches us."""

from dialer.floor import events as ev
from dialer.floor.book import Book
from dialer.floor.calls import part, pick_up
from dialer.floor.commands import TryRoute
from dialer.floor.routing import play_message
from dialer.floor.words import AttemptState

TRY_EVERY_S = 2.0


def served_alone(book: Book, event: ev.ServedAlone) -> None:
    """The dialplan plays the message by itself; when it never asked us before, it cannot reach us."""
    call = book.calls.get(event.attempt_id)
    if call is None or call.state is AttemptState.MESSAGE:
        return
    if call.rings:
        pick_up(book, call)
    never_asked = call.state is AttemptState.ANSWERED and not call.asked and call.connected_at is None
    part(book, call)
    play_message(book, call, "the dialplan plays it by itself")
    if never_asked and book.route_up:
        book.route_up = False
        _try(book)


def reached(book: Book, event: ev.RouteReached) -> None:
    """The dialplan reaches us: dialing may go on."""
    _ = event
    book.route_up = True


def _try(book: Book) -> None:
    if book.route_up:
        return
    if book.link_up:
        book.emit(TryRoute())
    book.wake(book.now + TRY_EVERY_S, lambda: _try(book))
