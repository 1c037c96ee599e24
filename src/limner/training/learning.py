"""What an evaluation or a fit needs in order to have models of behaviour stand by."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from limner.engine import Executor
from limner.training.desks import Desks

__all__ = ["Learning"]


class Learning(Protocol):
    """Sees to it that models stand by at the desks; torch is not needed to speak of it."""

    @property
    def mark(self) -> str:
        """What tells the models that it learns from others."""
        ...

    def prepare(
        self,
        desks: Desks,
        cuts: Sequence[datetime],
        methods: Sequence[str],
        *,
        executor: Executor | None = None,
        progress: Callable[[str, float], None] | None = None,
    ) -> None:
        """Learn the models of each cut from what lies before it, as far as methods ask them."""
        ...
