"""``dialer support``: what a helper far away must know of this dialer, and nothing of any person."""
