"""A service of many threads has few pools of memory."""

import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, hashlib, sys, threading
from limner.service.memory import share_memory

if sys.argv[1] == "shared":
    share_memory()
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
def test_all_threads_share_few_pools(tmp_path):
    assert pools("shared", tmp_path / "shared.xml") <= 2 < pools("own", tmp_path / "own.xml")
