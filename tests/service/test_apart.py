"""What processes beside a service have in common."""

import os
import signal
import subprocess
import sys

import pytest

from limner.service.apart import FailedApart, without_ctrl_c
from limner.service.quiet import place_of

_ASK = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))"


def test_who_is_begun_does_not_hear_ctrl_c_and_who_begins_does():
    asked = [sys.executable, "-c", _ASK]
    with without_ctrl_c():
        inside = subprocess.run(asked, capture_output=True, text=True, check=True)
    outside = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert (inside.stdout.strip(), outside.stdout.strip()) == ("True", "False")


FIRST = """
import multiprocessing, signal
from limner.service.apart import without_ctrl_c

def tell(line):
    line.send(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))

if __name__ == "__main__":
    for _ in range(2):
        here, there = multiprocessing.Pipe(duplex=False)
        process = multiprocessing.get_context("spawn").Process(target=tell, args=(there,))
        with without_ctrl_c():
            process.start()
        print(here.recv())
        process.join()
"""


def test_nor_does_the_first_process_that_python_begins(tmp_path):
    (tmp_path / "first.py").write_text(FIRST)
    asked = [sys.executable, str(tmp_path / "first.py")]
    told = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["True", "True"]


def test_the_mask_is_as_before_also_where_beginning_fails():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with pytest.raises(FileNotFoundError), without_ctrl_c():
        subprocess.run(["/no/such/program"], check=True)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


def test_who_is_polite_is_nicer_than_before():
    asked = "import os; from limner.service.apart import be_polite; be_polite(); print(os.nice(0))"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert int(told.stdout) == min(19, os.nice(0) + 5)


def test_what_failed_apart_says_where():
    assert place_of(FailedApart("KeyError at a.py:1")) == "KeyError at a.py:1"
