"""The outbox: which call to Telegram goes out next.

`calls` is what senders use to say how urgent their calls are, and reads a call off its endpoint. `scheduler` decides
(purely, with time passed in), built from `keyed_heap` (a queue), `limits` (the budgets), `chat` (the lanes of one chat
and of all) and `edits` (which edit is worth sending). The shell that waits and calls is ``bot/outbox.py``.
"""
