import tomllib
from pathlib import Path

from services.user_agent import USER_AGENT

ROOT = Path(__file__).parent.parent


def test_the_name_carries_the_released_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"Pho2Video/{project['version']}" == USER_AGENT
