"""``dialer leads``: import lists, show lists."""
