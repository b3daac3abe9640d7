"""A stand-in for the keypad disposition program: tells the one digit it was given."""

import sys

from asterisk.agi import AGI

agi = AGI()
digit = agi.get_data("dialer/disposition", 5000, 1)
agi.appexec("UserEvent", f"DialerStub,Agent:{sys.argv[1]},Digit:{digit}")
