import subprocess
import sys
from pathlib import Path

import pytest

from bot.data_dir import LOCK_NAME, exclusive_data_dir, prepare_data_dir
from bot.errors import OperatorError

HOLD = (
    "import sys; from pathlib import Path; from bot.data_dir import exclusive_data_dir\n"
    "with exclusive_data_dir(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
)


def test_missing_directory_is_made_and_left_empty(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    prepare_data_dir(path)
    prepare_data_dir(path)
    assert list(path.iterdir()) == []
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("path", ["/proc/nothing/x", "/dev/null", "/dev/null/x", "file"])
def test_unusable_directory_is_one_line_of_configuration(path: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorError) as caught:
        prepare_data_dir(tmp_path / path)
    assert caught.value.exit_status == 2
    (line,) = caught.value.lines
    assert line.startswith(f"DATA_DIR {tmp_path / path} cannot be written: ")


def test_second_holder_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    with exclusive_data_dir(tmp_path):
        with pytest.raises(OperatorError) as caught, exclusive_data_dir(tmp_path):
            pytest.fail("held twice")
        assert caught.value.exit_status == 1
        assert "in use by another running bot" in str(caught.value)
    with exclusive_data_dir(tmp_path):
        assert (tmp_path / LOCK_NAME).exists()


def test_killed_holder_lets_go(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(OperatorError), exclusive_data_dir(tmp_path):
            pytest.fail("held twice")
        other.kill()
        other.wait()
        with exclusive_data_dir(tmp_path):
            pass
