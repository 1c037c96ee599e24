"""Evidence that came elsewhere is kept beside the log, so that both know the same persons."""

import polars as pl

from limner.events.evidence import once
from limner.events.log import EventLog
from limner.events.writing import change

__all__ = ["keep_evidence"]


def keep_evidence(log: EventLog, evidence: pl.DataFrame) -> bool:
    """Add evidence to what a log knows; return whether any was new.

    Parameters
    ----------
    log
        Where to.
    evidence
        Columns of :data:`~limner.events.evidence.EVIDENCE_SCHEMA`.

    Raises
    ------
    LogBusy
        If another process is writing to the log.
    DiskFull
        If the disk has no room; the log is as it was.
    """
    if once([log.evidence(), evidence]).equals(log.evidence()):
        return False
    with change(log.folder) as under_way:
        whole = once([log.evidence(), evidence])
        file = under_way.write(whole, "evidence")
        under_way.commit(under_way.before.with_changes(evidence=file))
    return True
