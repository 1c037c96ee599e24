"""A service of many threads has one pool of memory, and gives back what it does not use."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, hashlib, sys, threading
from limner.service.memory import tend_memory

if sys.argv[1] == "shared":
    tend_memory()
together = threading.Barrier(12)

def work():
    together.wait()
    for size in range(1_000, 60_000, 100):
        bytearray(size)
    together.wait()

threads = [threading.Thread(target=work) for _ in range(12)]
for each in threads:
    each.start()
for each in threads:
    each.join()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(sys.argv[2].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


def pools(how, file):
    subprocess.run([sys.executable, "-c", PROGRAM, how, str(file)], check=True)
    return file.read_text().count("<heap nr=")


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc has pools to count")
def test_all_threads_share_one_pool(tmp_path):
    assert pools("shared", tmp_path / "shared.xml") == 1 < pools("own", tmp_path / "own.xml")


ENTRIES = """
import sys
import limner.cli.__main__, limner.cli.main
from limner.cli import commands, crew, drawing
from limner.cli.commands import serve, worker

assert "numpy" not in sys.modules and "polars" not in sys.modules
"""


def test_where_processes_begin_nothing_that_has_threads_is_loaded_yet():
    subprocess.run([sys.executable, "-c", ENTRIES], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is changed")
def test_who_runs_polars_may_say_more_of_its_memory():
    program = "import os; from limner.service.memory import tend_memory; tend_memory();"
    program += "print(os.environ['_RJEM_MALLOC_CONF'])"
    environment = {**os.environ, "_RJEM_MALLOC_CONF": "dirty_decay_ms:7"}
    told = subprocess.run(
        [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
    )
    assert told.stdout.startswith("narenas:")
    assert told.stdout.endswith(",dirty_decay_ms:7\n")


ENGINE = """
from limner.service.memory import tend_memory

tend_memory()
import polars as pl

print(pl.Config.state().get("POLARS_ENGINE_AFFINITY"))
"""


@pytest.mark.parametrize(("said", "wanted"), [(None, "in-memory"), ("streaming", "streaming")])
def test_small_questions_are_not_answered_by_the_engine_that_keeps_them(said, wanted):
    environment = {**os.environ} | ({} if said is None else {"POLARS_ENGINE_AFFINITY": said})
    told = subprocess.run(
        [sys.executable, "-c", ENGINE],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout.strip() == wanted


HOLES = """
import time
from pathlib import Path
from limner.service.memory import tend_memory

def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

tend_memory(0.05)
kept = []
for _ in range(2_000):
    kept.append(bytearray(1_000))
    kept.append(bytearray(50_000))
before = resident()
for at in range(1, len(kept), 2):
    kept[at] = None
end = time.monotonic() + 30
while before - resident() < 40_000:
    assert time.monotonic() < end
    time.sleep(0.05)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is asked to give back")
def test_what_lies_between_things_that_stay_is_given_back():
    subprocess.run([sys.executable, "-c", HOLES], check=True)


GARBAGE = """
import gc, sys
from limner.service.memory import settle_memory

class Ring:
    def __init__(self):
        self.own = self

stay = [[] for _ in range(2_000_000)]
if sys.argv[1] == "settled":
    settle_memory()
else:
    gc.collect()
before = gc.get_stats()[2]["collections"]
for _ in range(25):
    some = [Ring() for _ in range(10_000)]
print(gc.get_stats()[2]["collections"] - before)
"""


def test_what_is_loaded_does_not_keep_garbage_from_being_looked_for():
    def looked(how):
        command = [sys.executable, "-c", GARBAGE, how]
        return int(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)

    assert looked("as it is") == 0
    assert looked("settled") > 0
