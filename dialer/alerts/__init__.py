"""What a supervisor or an administrator must act on: pure rules over the floor's status, a clock given from outside.

``kinds`` holds one entry for each alert (a small function and its text), ``board`` raises and resolves.
"""
