"""Several processes; what every executor promises is in ``test_executor.py``."""

import os

import pytest

from limner.engine.pool import Pool
from limner.errors import BadConfig


def test_a_pool_works_in_other_processes():
    (other,) = Pool(1).map(_process, [None])
    assert other != os.getpid()


def _process(_: None) -> int:
    return os.getpid()


def test_a_pool_of_none_is_refused():
    with pytest.raises(BadConfig, match="workers must be at least 1, got 0"):
        Pool(0)
