"""The heart: calls, agents and campaigns as pure state machines.

``Floor.handle(event)`` takes one event and answers the commands that follow from it. It does no I/O, reads no
clock and draws no random number of its own: the daemon, the simulator, a replayed day and the tests run the same code.
"""
