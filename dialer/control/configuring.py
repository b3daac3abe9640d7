"""Commands on the configuration of the running daemon."""

from dialer.control import requests as rq
from dialer.control.server import Call
from dialer.control.services import Services
from dialer.control.wire import JsonObject


async def reload(services: Services, call: Call) -> JsonObject:
    """Read the configuration again; what changed, and what only a restart would change."""
    rq.read(rq.Nothing, call.params)
    found = await services.reload()
    return {"file": str(found.loaded.path), "changed": list(found.changed), "needs_restart": list(found.kept)}
