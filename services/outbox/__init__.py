"""The outbox: which call to Telegram goes out next.

`priority` is what senders use to say how urgent their calls are. `calls` reads a call off its endpoint, `scheduler`
decides (purely, with time passed in), built from `keyed_heap` (a queue), `limits` (the budgets), `chat` (the lanes of
one chat and of all) and `edits` (which edit is worth sending). The shell that waits and calls is ``bot/outbox.py``.
"""
