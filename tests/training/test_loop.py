"""The loop: the same seed gives the same weights, however often the run was killed."""

import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lessons import QUICK, ALesson, weights
from limner.errors import BadCheckpoint, BadConfig, Diverged
from limner.training import loop
from limner.training.loop import LoopConfig, run

TESTS = Path(__file__).parents[1]


def quick(**more):
    return QUICK.model_copy(update=more)


def learned(config=QUICK, *, seed=0, lesson=None, **more):
    lesson = lesson or ALesson()
    return lesson, run(lesson, config, seed=seed, **more)


def test_the_same_seed_gives_the_same_weights():
    first, course = learned()
    again, told = learned()
    other, _ = learned(seed=1)
    assert weights(first) == weights(again)
    assert (course.losses, course.examined) == (told.losses, told.examined)
    assert weights(first) != weights(other)


def test_it_learns_and_says_how_it_went():
    lesson = ALesson(dropout=0.0, rows=64)
    course = run(lesson, quick(steps=60, examine_every=25), seed=0)
    assert np.mean(course.losses[-10:]) < 0.8 * np.mean(course.losses[:10])
    assert course.examined[-1][1] < course.losses[0]
    assert len(course.losses) == len(course.rates) == 60
    assert [step for step, _ in course.examined] == [25, 50, 60]
    assert course.stopped == "all steps are done"
    assert course.seconds > 0
    assert not course.averaged
    assert not lesson.module.training


def test_nobodys_chance_is_disturbed():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    learned(quick(steps=2))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_step_draws_by_its_own_number():
    lesson, _ = learned(quick(steps=2, accumulate=3))
    assert lesson.draws == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]


def test_dropout_depends_on_the_step_alone():
    """A loss that is nothing but chance: the same at a step, whatever was drawn before it."""

    class Chance(ALesson):
        def loss(self, step, draw):
            return super().loss(step, draw) * 0 + torch.rand(())

    _, whole = learned(lesson=Chance())
    assert len(set(whole.losses)) == QUICK.steps


def test_only_weights_that_may_learn_move(tmp_path):
    lesson, _ = learned(keep=tmp_path, lesson=ALesson())
    untaught = ALesson()
    moved = {name for name, before in weights(untaught).items() if weights(lesson)[name] != before}
    assert not any(name.startswith("frozen") for name in moved)
    assert {"body.0.weight", "head.weight", "rare.bias"} <= moved
    kept, _ = loop.keeping.unpack(loop.keeping.read(tmp_path))
    assert not any("frozen" in name for name in kept)


def test_accumulated_batches_make_one_large_one():
    class Part(ALesson):
        """Draw by draw the rows of the large batch of the same step."""

        def __init__(self, parts):
            super().__init__(dropout=0.0, norm=False)
            self.parts = parts

        def loss(self, step, draw):
            given, wanted = self.told(step, 24)
            size = 24 // self.parts
            mine = slice(draw * size, (draw + 1) * size)
            return self.off(given[mine], wanted[mine])

    whole, parts = Part(1), Part(3)
    config = quick(steps=10, optimiser="sgd")
    large = run(whole, config, seed=0)
    small = run(parts, quick(steps=10, optimiser="sgd", accumulate=3), seed=0)
    np.testing.assert_allclose(large.losses, small.losses, rtol=1e-5)
    for one, other in zip(whole.module.parameters(), parts.module.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_the_best_weights_are_kept_and_the_rest_is_not_done():
    class Spoiled(ALesson):
        """Examined worse and worse after the third time."""

        def __init__(self):
            super().__init__()
            self.seen = []

        def examine(self):
            self.seen.append(weights(self))
            return abs(len(self.seen) - 3.0)

    lesson = Spoiled()
    course = run(lesson, quick(steps=200, patience=2), seed=0)
    assert course.best_step == 12
    assert len(course.losses) == 20
    assert course.stopped == "nothing better in 2 examinations"
    assert weights(lesson) == lesson.seen[2]


def test_where_nobody_is_examined_the_last_weights_stay():
    lesson, course = learned(lesson=ALesson(examined=False))
    same, _ = learned(quick(examine_every=100), lesson=ALesson(examined=False))
    assert course.examined == ()
    assert course.best_step == QUICK.steps
    assert weights(lesson) == weights(same)
    with pytest.raises(BadConfig, match="plateau"):
        learned(quick(schedule="plateau"), lesson=ALesson(examined=False))


def test_an_examination_sees_the_module_at_rest_and_leaves_it_as_it_was():
    class Watched(ALesson):
        def __init__(self):
            super().__init__()
            self.states = []

        def loss(self, step, draw):
            self.module["frozen"].eval()
            self.states.append(self.module["body"].training)
            return super().loss(step, draw)

        def examine(self):
            assert not any(each.training for each in self.module.modules())
            assert not torch.is_grad_enabled()
            return super().examine()

    lesson, _ = learned(lesson=Watched())
    assert lesson.states == [True] * QUICK.steps


def test_a_mean_of_the_last_weights_is_taken_if_it_is_no_worse():
    class Judged(ALesson):
        def __init__(self, last):
            super().__init__(norm=False)
            self.last, self.seen, self.asked = last, [], 0

        def loss(self, step, draw):
            self.seen.append(self.module["head"].weight.detach().clone())
            return super().loss(step, draw)

        def examine(self):
            self.asked += 1
            return self.last if self.asked == 4 else 1.0

    config = quick(average=0.25)
    taken, left = Judged(1.0), Judged(1.1)
    assert run(taken, config).averaged
    assert not run(left, config).averaged
    final = ALesson(norm=False, examined=False)
    run(final, quick())
    mean = torch.stack([*taken.seen[-2:], final.module["head"].weight.detach()]).mean(dim=0)
    torch.testing.assert_close(taken.module["head"].weight.detach(), mean)
    alone = ALesson(examined=False)
    assert run(alone, config).averaged


def test_a_part_may_learn_more_slowly():
    def moved(rates):
        lesson, before = ALesson(), ALesson().module.state_dict()
        run(lesson, quick(steps=1, weight_decay=0.0, examine_every=9), rates=rates)
        after = lesson.module.state_dict()
        names = "body.0.weight", "head.weight"
        return [float((after[name] - before[name]).abs().max()) for name in names]

    (body, head), (slow, same) = moved({}), moved({"body": 0.1, "": 1.0})
    assert slow == pytest.approx(0.1 * body, rel=1e-2)
    assert same == head


def test_something_may_be_done_after_each_step(tmp_path):
    """What it changes is kept, examined and gone on from; gradients are still there."""

    def counted(folder, until=12):
        lesson = ALesson()
        lesson.module.register_buffer("count", torch.zeros(()))

        def after(done):
            if done > until:
                raise KeyboardInterrupt
            lesson.module.count += 1
            assert done == lesson.module.count
            assert lesson.module["head"].weight.grad.abs().max() > 0
            with torch.no_grad():
                lesson.module["head"].bias.fill_(lesson.module.count)

        run(lesson, quick(examine_every=99), keep=folder, after=after)
        return lesson

    whole = counted(None)
    with pytest.raises(KeyboardInterrupt):
        counted(tmp_path, until=5)
    assert weights(counted(tmp_path)) == weights(whole)
    assert float(whole.module["head"].bias.detach()) == 12


def test_half_the_bits_come_to_nearly_the_same():
    lesson, _ = learned(quick(precision="bfloat16"))
    full, _ = learned()
    assert weights(lesson) != weights(full)
    for one, other in zip(lesson.module.parameters(), full.module.parameters(), strict=True):
        assert one.dtype == torch.float32
        torch.testing.assert_close(one, other, rtol=0.3, atol=0.1)


def test_what_runs_away_is_refused():
    class Away(ALesson):
        def __init__(self, what):
            super().__init__()
            self.what = what

        def loss(self, step, draw):
            fine = super().loss(step, draw)
            if step < 2:
                return fine
            if self.what == "loss":
                return fine * math.inf
            return fine + torch.sqrt(self.module["head"].bias.sum() * 0)

        def examine(self):
            return math.nan if self.what == "examination" else 0.0

    with pytest.raises(Diverged, match="loss at step 3 is inf"):
        learned(lesson=Away("loss"))
    with pytest.raises(Diverged, match="gradient at step 3 is nan"):
        learned(lesson=Away("gradient"))
    with pytest.raises(Diverged, match="examination at step 2 is nan"):
        learned(quick(examine_every=2), lesson=Away("examination"))


def test_a_module_without_anything_to_learn_is_refused():
    lesson = ALesson()
    lesson.module.requires_grad_(requires_grad=False)
    with pytest.raises(BadConfig, match="all are frozen"):
        learned(lesson=lesson)


def test_it_tells_loss_speed_and_time_left():
    told = []
    learned(progress=lambda what, share: told.append((what, share)))
    assert [share for _, share in told] == [(step + 1) / 12 for step in range(12)]
    assert "examined" not in told[0][0]
    for word in ("loss ", "examined ", "steps/s", "0 s left"):
        assert word in told[-1][0]
    assert [loop._span(each) for each in (40, 200, 7500)] == ["40 s", "3 min", "2 h 5 min"]


COURSES = {
    "adamw": quick(average=0.5),
    "adam": quick(optimiser="adam", schedule="plateau", patience=2, learning_rate=0.5),
    "sgd": quick(optimiser="sgd", schedule="one_cycle", accumulate=2),
    "still": quick(optimiser="sgd", schedule="constant", momentum=0.0, examine_every=5),
    "half": quick(precision="bfloat16", save_every=3),
}
"""One of each optimiser and schedule. The words of a killed process are the same settings."""

KILLED = """
import os, signal, sys
from pathlib import Path
import torch
import torch._dynamo  # optimisers want it; the children then need not load it
torch.set_num_threads(1)
from lessons import ALesson
from limner.training import keeping
from limner.training.loop import LoopConfig, run

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

for line in sys.stdin:
    folder, settings = line.split(" ", 1)
    child = os.fork()
    if not child:
        config, seen = LoopConfig.model_validate_json(settings), []
        class Dying(ALesson):
            def loss(self, step, draw):
                return die() if step == 9 else super().loss(step, draw)
        if folder.endswith("writing"):
            Path.replace = lambda self, to: die() if to.exists() else os.replace(self, to)
        run(Dying(), config, seed=0, keep=Path(folder))
    print(os.WTERMSIG(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Add up in one order, as the processes do that are killed: threads part sums."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Begin every course in a process of its own that is killed on its way."""
    folder = tmp_path_factory.mktemp("killed")
    names = [*COURSES, "writing"]
    lines = [f"{folder / name} {COURSES.get(name, QUICK).model_dump_json()}\n" for name in names]
    done = subprocess.run(
        [sys.executable, "-c", KILLED],
        input="".join(lines),
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"},
    )
    assert done.stdout.split() == [str(int(signal.SIGKILL))] * len(names)
    return folder


@pytest.mark.parametrize("name", [*COURSES, "writing"])
def test_killed_and_resumed_it_ends_as_if_unbroken(killed, name):
    config = COURSES.get(name, QUICK)
    unbroken, whole = learned(config)
    shares = []
    resumed, course = learned(
        config, keep=killed / name, progress=lambda what, share: shares.append(share)
    )
    assert len(shares) == config.steps - (
        2 if name == "writing" else 9 // config.save_every * config.save_every
    )
    assert weights(resumed) == weights(unbroken)
    assert (course.losses, course.examined) == (whole.losses, whole.examined)
    assert (course.rates, course.best_step) == (whole.rates, whole.best_step)
    again, told = learned(config, keep=killed / name, progress=pytest.fail)
    assert weights(again) == weights(unbroken)
    assert told.losses == whole.losses


def test_what_another_run_kept_is_refused(tmp_path):
    learned(keep=tmp_path)
    learned(quick(save_every=5), keep=tmp_path)
    with pytest.raises(BadCheckpoint, match="with optimiser adamw, not sgd"):
        learned(quick(optimiser="sgd"), keep=tmp_path)
    with pytest.raises(BadCheckpoint, match="with seed 0, not 1"):
        learned(seed=1, keep=tmp_path)
    with pytest.raises(BadCheckpoint, match="with draws 1, not 2"):
        learned(quick(accumulate=2), keep=tmp_path)
    other = ALesson()
    other.module["more"] = nn.Linear(2, 2)
    with pytest.raises(BadCheckpoint, match="another model"):
        learned(keep=tmp_path, lesson=other)


def test_settings_are_checked():
    with pytest.raises(BadConfig, match="schedule"):
        LoopConfig.read({"schedule": "linear"})
