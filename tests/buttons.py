"""The bot's buttons, by what they send: ``kind:id:action``."""

from sandbox.botapi import Line, Version


def actions(line: Line | Version) -> list[str]:
    """What the buttons of a message send, row after row; "" for one that sends nothing."""
    return [button.data or "" for row in line.buttons for button in row]


def words(line: Line | Version) -> list[str]:
    """What they do."""
    return [data.rpartition(":")[2] for data in actions(line)]


def has_button(line: Line | Version, *endings: str) -> bool:
    """Whether a button's data has one of these endings."""
    return any(data.endswith(endings) for data in actions(line))


def action_of(line: Line, ending: str) -> str:
    """What the first button sends whose data ends so."""
    found = [data for data in actions(line) if data.endswith(ending)]
    assert found, f"no button {ending} in {actions(line)}"
    return found[0]


def is_card(line: Line) -> bool:
    """Whether a message is the card of a draft."""
    return any(data.startswith("d:") for data in actions(line))


def is_told(line: Line | Version) -> bool:
    """Whether a message is a status message that tells an end."""
    return has_button(line, ":again", ":edit")
