"""What the daemons' log lines look like: one format, to standard error."""

import logging
import sys
import time


class _Formatter(logging.Formatter):
    """`2026-01-31T12:00:00.123Z WARNING master controllers.runner: message`."""

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self, process: str) -> None:
        super().__init__(f"%(asctime)s %(levelname)s {process} %(subject)s: %(message)s")
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        record.subject = record.name.partition(".")[2] or record.name
        return super().format(record)


def configure(name: str, level: str | int = "INFO") -> None:
    """Send every log record of this process to standard error, marked with `name`.

    `level` is a name of the logging module in any case, or its number; ValueError if unknown.
    Calling it again replaces the earlier configuration.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(name.replace("%", "%%")))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper() if isinstance(level, str) else level)
