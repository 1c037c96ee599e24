"""How it learns, and how well: scores with intervals, the scoreboard, the report."""

from limner.training.scoreboard import Row, Scoreboard
from limner.training.scoring import score

__all__ = ["Row", "Scoreboard", "score"]
