import logging

import pytest
from dbos import error as dbos_error
from structlog.testing import capture_logs

from services.generations.engine import tell_of_taken_jobs


def record(error: Exception | None) -> logging.LogRecord:
    about = None if error is None else (type(error), error, None)
    return logging.LogRecord("dbos", logging.ERROR, "here", 1, "Exception encountered", None, about)


@pytest.mark.parametrize(
    "error",
    [dbos_error.DBOSAwaitedWorkflowCancelledError("g1:2"), dbos_error.DBOSWorkflowCancelledError("g1:2 was cancelled")],
)
def test_a_job_that_was_taken_over_is_one_line_and_no_traceback(error: Exception) -> None:
    with capture_logs() as said:
        assert not tell_of_taken_jobs(record(error))
    assert [line["event"] for line in said] == ["job_was_taken_over"]


@pytest.mark.parametrize("error", [ValueError("a fault"), None])
def test_everything_else_that_the_engine_says_is_logged(error: Exception | None) -> None:
    with capture_logs() as said:
        assert tell_of_taken_jobs(record(error))
    assert said == []
