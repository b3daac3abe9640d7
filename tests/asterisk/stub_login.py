"""A stand-in for the agents' login program: takes any id whose PIN is the id backwards."""

from asterisk.agi import AGI

agi = AGI()
login = agi.get_data("dialer/agent-id", 3000, 8)
pin = agi.get_data("dialer/agent-pin", 3000, 8)
if login and pin == login[::-1]:
    agi.set_variable("DIALER_AGENT", login)
else:
    agi.stream_file("dialer/agent-refused")
