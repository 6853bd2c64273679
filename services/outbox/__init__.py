"""The outbox: which call to Telegram goes out next.

`priority` is what senders use to say how urgent their calls are. `calls` reads a call off its endpoint, `schedule`
decides (purely, with time passed in), built from `agenda` (a queue), `window` (a budget), `group` (that of a group,
and the pace of progress in it), `chat` and `board` (the lanes of one chat and of all), `messages` (which edit is worth
sending) and `floods` (what a 429 means). The shell that waits and calls is the process's rate limiter.
"""
