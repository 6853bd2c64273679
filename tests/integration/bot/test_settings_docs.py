import re
from pathlib import Path

import pytest

from bot.errors import OperatorError
from bot.settings import Settings
from bot.settings_docs import render_env_example, render_table, with_table, write
from bot.settings_loading import SettingsError, load_settings
from tests.settings import FixedSettings

ROOT = Path(__file__).resolve().parents[3]


def test_env_example_is_in_step_with_the_class() -> None:
    assert (ROOT / ".env.example").read_text("utf-8") == render_env_example(), "run `make docs`"


def test_readme_is_in_step_with_the_class() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert with_table(readme) == readme, "run `make docs`"


def test_every_setting_has_a_row_and_a_line() -> None:
    table, example = render_table(), render_env_example()
    for name in Settings.model_fields:
        assert table.count(f"| `{name.upper()}` |") == 1
        assert sum(line.lstrip("# ").startswith(f"{name.upper()}=") for line in example.splitlines()) == 1


def test_copied_example_lacks_only_token_and_key(workdir: Path) -> None:
    (workdir / ".env").write_text(render_env_example())
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert [line.split()[0] for line in caught.value.lines] == ["TELEGRAM_BOT_TOKEN", "GENAIPRO_API_KEY"]


def test_defaults_in_the_example_are_the_defaults(workdir: Path) -> None:
    shown = re.findall(r"^# ([A-Z_]+=.*)$", render_env_example(), re.MULTILINE)
    (workdir / ".env").write_text("\n".join(shown))
    loaded, defaults = load_settings(run=False), FixedSettings()
    differing = {name for name in Settings.model_fields if getattr(loaded, name) != getattr(defaults, name)}
    # Those without a default of their own, which show an example.
    assert differing == {
        "telegram_proxy_url",
        "database_url",
        "webhook_url",
        "webhook_secret",
        "allowed_user_ids",
        "allowed_chat_ids",
        "admin_user_ids",
    }


def test_write_keeps_the_rest_of_the_readme(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Title\n\nBefore.\n")
    assert [path.name for path in write(tmp_path)] == ["README.md", ".env.example"]
    first = (tmp_path / "README.md").read_text("utf-8")
    (tmp_path / "README.md").write_text(first.replace("LOG_LEVEL", "LOG_LVL") + "\nAfter.\n")
    write(tmp_path)
    assert (tmp_path / "README.md").read_text("utf-8") == first + "\nAfter.\n"
    assert write(tmp_path) == []


def test_unwritable_documentation_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Title\n")
    (tmp_path / ".env.example").mkdir()
    with pytest.raises(OperatorError) as caught:
        write(tmp_path)
    assert len(caught.value.lines) == 1
