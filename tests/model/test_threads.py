"""Threads are taken for a while, and given back whatever happens."""

import pytest
import torch

from limner.model.threads import on_one_thread


def broken():
    with on_one_thread():
        raise KeyError(torch.get_num_threads())


def test_threads_are_given_back():
    before = torch.get_num_threads()
    with pytest.raises(KeyError, match="1"):
        broken()
    assert torch.get_num_threads() == before
