"""A GenAIPro server on loopback: it takes photos and a prompt, renders real videos, and errs when asked to."""

from sandbox.genaipro.gate import Gate
from sandbox.genaipro.options import GenAIProOptions, Guard, HistoryShape, RateHeader
from sandbox.genaipro.records import GetRecord, PostRecord, UploadedPhoto
from sandbox.genaipro.render import Film
from sandbox.genaipro.script import (
    RESULTS,
    Answer,
    End,
    FileFault,
    Frame,
    InHistory,
    Script,
    comment,
    complete,
    error,
    status,
)
from sandbox.genaipro.server import GenAIProServer

__all__ = [
    "RESULTS",
    "Answer",
    "End",
    "FileFault",
    "Film",
    "Frame",
    "Gate",
    "GenAIProOptions",
    "GenAIProServer",
    "GetRecord",
    "Guard",
    "HistoryShape",
    "InHistory",
    "PostRecord",
    "RateHeader",
    "Script",
    "UploadedPhoto",
    "comment",
    "complete",
    "error",
    "status",
]
