"""Logs that tell where something went wrong, and nothing of whom it was about."""

import logging
import traceback

__all__ = ["hush_errors", "place_of"]


def place_of(error: BaseException) -> str:
    """Return what went wrong where, without what the error says: that may quote a customer.

    An error that came from another process says itself where: its ``place``.
    """
    elsewhere = getattr(error, "place", None)
    if isinstance(elsewhere, str):
        return elsewhere
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames[-4:]]
    return f"{type(error).__name__} at {' > '.join(where) or 'nowhere'}"


class _OnlyPlaces(logging.Filter):
    """Puts the place of an error where its words would stand."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without the words of its error."""
        if record.exc_info and record.exc_info[1] is not None:
            record.msg = f"{str(record.msg).strip()}: {place_of(record.exc_info[1])}"
            record.args, record.exc_info, record.exc_text = (), None, None
        return True


def hush_errors() -> None:
    """Let the server's log say places alone; doing it twice is fine."""
    log = logging.getLogger("uvicorn.error")
    if not any(isinstance(each, _OnlyPlaces) for each in log.filters):
        log.addFilter(_OnlyPlaces())
