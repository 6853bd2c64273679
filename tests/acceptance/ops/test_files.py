"""What an operator is given: it must name what there is, and nothing else."""

import configparser
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from prometheus_client.parser import text_string_to_metric_families

from bot.cli import app
from bot.settings import Settings
from services import http_requests
from services.generations.model import State
from services.http_requests import VERSION
from tests.acceptance.e2e.operator import operated

ROOT = Path(__file__).parents[3]
NAME = re.compile(r"\b(?:pho2video|process|up)(?:_\w+)?\b(?=[{\s\[)]|$)")
STATE = re.compile(r'state!?="(\w+)"')


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((ROOT / "ops/alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "ops/grafana.json").read_text())
    return found


def expressions() -> list[str]:
    panels = (target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", []))
    return [rule["expr"] for rule in rules()] + list(panels)


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


async def test_every_metric_that_is_asked_for_is_told(tmp_path: Path) -> None:
    async with operated(tmp_path, webhook=True) as (_, endpoints):
        _, text = await endpoints.get("/metrics")
    told = {"up"}
    for family in text_string_to_metric_families(text):
        told |= {family.name, *(f"{family.name}_{end}" for end in ("total", "bucket", "count", "sum"))}
    asked = {name for expression in expressions() for name in NAME.findall(expression)}
    assert len(asked) > 20
    assert asked <= told


def test_states_that_are_asked_for_exist() -> None:
    asked = {state for expression in expressions() for state in STATE.findall(expression)}
    assert asked <= {state.value for state in State}
    assert "done" in asked


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_alert_says_what_is_wrong_and_is_explained(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["summary"].endswith((".", "?"))
    assert len(rule["annotations"]["description"]) > 40
    assert f"`{rule['alert']}`" in (ROOT / "docs/operations.md").read_text()


def test_the_alerts_that_matter_are_there() -> None:
    names = {rule["alert"].removeprefix("Pho2Video") for rule in rules()}
    assert names >= {"NothingFinishes", "CreditsLow", "ManyReconciliations", "QueueGrows", "NotReady"}


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert len({panel["id"] for panel in dashboard()["panels"]}) == len(dashboard()["panels"])


def test_the_containers_run_commands_that_exist_and_see_little() -> None:
    known = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    services = compose()["services"]
    assert {name: service["profiles"] for name, service in services.items()} == {
        "bot": ["single"],
        "web": ["cluster"],
        "worker": ["cluster"],
        "postgres": ["cluster"],
    }
    for name in ("bot", "web", "worker"):
        service = services[name]
        assert set(service["command"]) <= known
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["stop_grace_period"] == "20s"
        assert service["healthcheck"]["test"][-1] == "bot.healthcheck"
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        assert set(service["environment"]) <= {field.upper() for field in Settings.model_fields}
    assert not services["bot"]["environment"]["DATABASE_URL"]


def test_the_unit_starts_the_bot_and_lets_it_end() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string((ROOT / "ops/pho2video.service").read_text())
    service = unit["Service"]
    assert service["ExecStart"].endswith("-m bot run")
    assert service["RestartPreventExitStatus"] == "2"
    assert int(service["TimeoutStopSec"]) > 10
    for shield in ("NoNewPrivileges", "PrivateTmp", "ProtectHome", "MemoryDenyWriteExecute", "RestrictNamespaces"):
        assert service[shield] == "yes"
    assert service["ProtectSystem"] == "strict"


def test_the_image_holds_no_more_than_the_bot() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert "\nUSER 10001:10001\n" in text
    assert "--require-hashes" in text
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"


def test_the_version_is_written_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" in project["project"]["dynamic"]
    assert project["tool"]["hatch"]["version"]["path"] == Path(http_requests.__file__).relative_to(ROOT).as_posix()
    assert f"\n## {VERSION} " in (ROOT / "CHANGELOG.md").read_text()
