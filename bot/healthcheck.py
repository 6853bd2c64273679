"""`python -m bot.healthcheck`: exit status 0 when `/healthz` answers 200 (the health check of the container).

It reads the environment alone and imports nothing of the bot, since it runs twice a minute.
"""

import http.client
import os
import sys

SECONDS = 8.0
"""More than the endpoint gives its own probes, so that its answer is heard."""


def is_healthy(host: str, port: int) -> bool:
    """Whether `/healthz` answers 200; with port 0 there is nothing to ask, and nothing is wrong."""
    if port == 0:
        return True
    # An address that means "all" is asked on the loopback.
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - recognised, not bound
    connection = http.client.HTTPConnection(target, port, timeout=SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not is_healthy(os.environ.get("HTTP_HOST") or "127.0.0.1", int(os.environ.get("HTTP_PORT") or 8080)))
