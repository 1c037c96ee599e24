"""Devices: what is not there is refused; two processes that torchrun started act as one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from lessons import QUICK, ALesson
from limner.errors import BadConfig
from limner.training import devices
from limner.training.loop import run

TESTS = Path(__file__).parents[1]

PAIR = """
import atexit, json, os, sys
from pathlib import Path
import torch
from safetensors.torch import save_file
torch.set_num_threads(1)
from lessons import QUICK, ALesson
from limner.errors import Diverged
from limner.training.devices import gathered, is_foremost
from limner.training.loop import run

folder, said = Path(sys.argv[1]), []

@atexit.register  # runs last, for it is the first to be registered
def tell_threads():
    tasks = Path("/proc/self/task").glob("*/comm")
    names = [each.read_text().strip() for each in tasks]
    (folder / f"threads{os.environ['RANK']}.json").write_text(json.dumps(names))

team = gathered("auto")

class Uneven(ALesson):
    "The second process begins with other weights, and is killed on its way."
    def __init__(self, **more):
        super().__init__(seed=team.rank, **more)
        self.deadly = 99
    def loss(self, step, draw):
        if step == self.deadly:
            raise KeyboardInterrupt
        return super().loss(step, draw)
    def examine(self):
        assert team.rank == 0
        return super().examine()

class Away(ALesson):
    def loss(self, step, draw):
        return super().loss(step, draw) * (torch.nan if draw == 1 else 1.0)

def learned(lesson, name, config=QUICK, **more):
    course = run(lesson, config, seed=0, **more)
    if name:
        save_file(lesson.module.state_dict(), folder / f"{name}{team.rank}.safetensors")
    return course

course = learned(Uneven(norm=False), "plain", progress=lambda what, share: said.append(share))
whole = learned(Uneven(), "whole", QUICK.model_copy(update={"average": 0.5}))
part = Uneven()
part.deadly = 9
kept = {"keep": folder / f"kept{team.rank}"}
try:
    learned(part, "", QUICK.model_copy(update={"average": 0.5}), **kept)
except KeyboardInterrupt:
    learned(Uneven(), "resumed", QUICK.model_copy(update={"average": 0.5}), **kept)
try:
    learned(Away(), "")
except Diverged as error:
    refused = error.message
told = {
    "world": team.world, "foremost": is_foremost(), "reports": len(said), "refused": refused,
    "losses": course.losses, "examined": course.examined,
}
(folder / f"told{team.rank}.json").write_text(json.dumps(told))
"""


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Let torchrun start two processes that learn together."""
    folder = tmp_path_factory.mktemp("pair")
    script = folder / "pair.py"
    script.write_text(PAIR)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*launcher, str(script), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "Warning" not in done.stderr
    return folder


def told(pair):
    return [json.loads((pair / f"told{rank}.json").read_text()) for rank in (0, 1)]


def left(pair, name):
    return [load_file(pair / f"{name}{rank}.safetensors") for rank in (0, 1)]


def test_two_processes_learn_what_one_does_with_twice_the_batches(pair):
    alone = ALesson(norm=False)
    course = run(alone, QUICK.model_copy(update={"accumulate": 2}), seed=0)
    first, _ = told(pair)
    np.testing.assert_allclose(first["losses"], course.losses, rtol=1e-4)
    np.testing.assert_allclose(
        [value for _, value in first["examined"]],
        [value for _, value in course.examined],
        rtol=1e-3,
    )
    for name, value in left(pair, "plain")[0].items():
        torch.testing.assert_close(value, alone.module.state_dict()[name], rtol=1e-3, atol=1e-4)


def test_both_processes_end_with_the_same(pair):
    for name in ("plain", "whole"):
        first, second = left(pair, name)
        assert all(torch.equal(first[part], second[part]) for part in first)
    first, second = told(pair)
    assert first["losses"] == second["losses"]
    assert first["examined"] == second["examined"]


def test_both_go_on_from_what_the_first_kept(pair):
    for whole, resumed in zip(left(pair, "whole"), left(pair, "resumed"), strict=True):
        assert all(torch.equal(whole[part], resumed[part]) for part in whole)


def test_only_the_first_writes_and_reports(pair):
    assert [each["foremost"] for each in told(pair)] == [True, False]
    assert [each["reports"] for each in told(pair)] == [QUICK.steps, 0]
    assert (pair / "kept0").is_dir()
    assert not (pair / "kept1").exists()


def test_no_thread_of_the_team_outlives_it(pair):
    """One that frees a tensor while the interpreter ends aborts the process."""
    for rank in (0, 1):
        names = json.loads((pair / f"threads{rank}.json").read_text())
        assert not [name for name in names if "gloo" in name]


def test_what_runs_away_in_one_is_refused_in_both(pair):
    assert {each["refused"] for each in told(pair)} == {
        "the loss at step 1 is nan: learning ran away"
    }


def test_alone_it_is_the_foremost():
    assert devices.is_foremost()
    team = devices.gathered("cpu")
    assert (team.rank, team.world, team.gpus) == (0, 1, [])
    assert team.share(b"ab") == b"ab"
    assert team.agree(None) is None


def test_auto_takes_what_there_is(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert devices.gathered("auto").device == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", lambda index: None)
    assert devices.gathered("auto").device == torch.device("cuda", 0)
    assert devices.gathered("cuda:1").gpus == [1]


def test_a_gpu_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(BadConfig, match="'cuda:1' for process 0 needs 2 GPUs, but there are 1"):
        devices.gathered("cuda:1")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BadConfig, match="needs 1 GPUs, but there are 0"):
        devices.gathered("cuda")
