"""How people and AGI programs command the running daemon: JSON lines over Unix sockets.

A request is one line, ``{"command": "agent_pause", "agent_id": "101"}``. The answer is one line,
``{"ok": true, "result": {...}}`` or ``{"ok": false, "error": {"code": ..., "message": ..., "hint": ...}}``; before it
may come any number of ``{"part": {...}}`` lines (progress, rows of an export, the live status).
"""
