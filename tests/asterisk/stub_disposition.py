"""A stand-in for the keypad disposition program: keeps the one digit it was given."""

from asterisk.agi import AGI

agi = AGI()
digit = agi.get_data("dialer/disposition", 3000, 1)
agi.execute("EXEC UserEvent", f"DialerStub,Agent: {agi.env['agi_arg_1']},Digit: {digit}")
