"""From the configuration file to the settings of the room."""

import ssl

from dialer.config import Ami
from dialer.config_file import Loaded
from dialer.pbx.settings import AmiSettings, DialFormat


def ami_settings(loaded: Loaded) -> AmiSettings:
    """How to reach and to use this Asterisk. Raises SecretError."""
    ami, dialing = loaded.config.ami, loaded.config.dialing
    return AmiSettings(
        username=ami.user,
        secret=loaded.ami_secret(),
        host=ami.host,
        port=ami.port,
        tls=_tls(ami),
        dial_format=DialFormat(dialing.number_prefix, dialing.home_country_code, dialing.home_prefix),
        agent_dial_format=loaded.config.agents.dial_format,
        connect_timeout_s=ami.connect_timeout_s,
        action_timeout_s=ami.action_timeout_s,
        ping_interval_s=ami.ping_interval_s,
        backoff_last_s=ami.reconnect_max_s,
    )


def _tls(ami: Ami) -> ssl.SSLContext | None:
    if not ami.tls:
        return None
    return ssl.create_default_context(cafile=str(ami.tls_ca_file) if ami.tls_ca_file else None)
