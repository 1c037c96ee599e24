"""Where work runs: one bucket after another in this process, or in a pool of processes."""

from limner.engine.executor import Executor
from limner.engine.here import Here
from limner.engine.pool import Pool

__all__ = ["Executor", "Here", "Pool"]
