"""The only room that speaks MQTT: the floor's state, its alerts, and commands where they are allowed.

Everything here follows: it may be slow, refused or frozen, and the floor does not notice.
"""
