"""Log lines as JSON objects, one a line, for collectors that keep fields."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from .request_facts import request_facts

PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "request",
    "server_time",
}


class JsonFormatter(logging.Formatter):
    """Writes time, level, logger, message, request id, exception, and what the line was given by `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := request_facts.get()[0]:
            told["request_id"] = request_id
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        extra = {name: value for name, value in vars(record).items() if name not in PLAIN}
        return json.dumps({**extra, **told}, ensure_ascii=False, default=str)
