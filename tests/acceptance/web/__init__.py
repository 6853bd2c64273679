"""The chat in a browser, driven from outside by the roles and names on its page."""

NO_BROWSER = "no Chromium found"
