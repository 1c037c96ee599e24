"""Learning without labels: blind to the future, repeatable, and the same after being killed."""

from datetime import timedelta

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from limner.dataset import labels
from limner.dataset.cuts import Window
from limner.dataset.ledger import Ledger
from limner.dataset.sequences import cut_sequences
from limner.errors import TooFew
from limner.model.behaviour import BehaviourConfig
from limner.model.blocks.sequence import sequence_block
from limner.training import pretraining
from limner.training.objectives.future_window import FutureWindow
from limner.training.pretraining import PretrainConfig, pretrain
from limner.training.teacher import Teacher
from shops import START, a_lively_shop, planted

DAY = 110
CUT = START + timedelta(days=DAY)
SMALL = BehaviourConfig(width=8, longest=24, classes=4)
QUICK = PretrainConfig(steps=6, customers=16, moments=3)


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop(customers=60, days=140, seed=9)


def learn(shop, *, config=QUICK, model=SMALL, **more):
    return pretrain(Ledger.of(shop), CUT, model=model, config=config, **more)


def weights(done):
    return {name: value.numpy().tobytes() for name, value in done.model.state_dict().items()}


@pytest.fixture(scope="module")
def unbroken(shop):
    return learn(shop)


def test_the_same_seed_gives_the_same_weights(shop, unbroken):
    assert weights(learn(shop)) == weights(unbroken)
    assert weights(learn(shop, seed=1)) != weights(unbroken)


def test_what_comes_at_the_cut_or_after_teaches_nothing(shop, unbroken):
    assert weights(learn(shop.also(planted(DAY)))) == weights(unbroken)


class Killed(BaseException):
    """What a signal does."""


def test_killed_and_resumed_it_ends_with_the_same_weights(shop, unbroken, tmp_path, monkeypatch):
    monkeypatch.setattr(pretraining, "SAVED_EVERY", 2)

    def kill(what, share):
        if share > 0.8:
            raise Killed

    with pytest.raises(Killed):
        learn(shop, keep=tmp_path / "kept", progress=kill)
    seen = []
    resumed = learn(shop, keep=tmp_path / "kept", progress=lambda what, share: seen.append(share))
    assert len(seen) == 2
    assert weights(resumed) == weights(unbroken)
    assert resumed.losses == unbroken.losses


def test_killed_and_resumed_it_remembers_its_examinations(tmp_path, monkeypatch):
    monkeypatch.setattr(pretraining, "SAVED_EVERY", 2)
    shop = a_lively_shop(customers=150, days=140, seed=4)
    whole = learn(shop)

    def kill(what, share):
        if share > 0.8:
            raise Killed

    with pytest.raises(Killed):
        learn(shop, keep=tmp_path / "kept", progress=kill)
    resumed = learn(shop, keep=tmp_path / "kept")
    assert weights(resumed) == weights(whole)
    assert resumed.losses == whole.losses


def test_it_tells_its_loss_and_speed(shop):
    told = []
    learn(shop, progress=lambda what, share: told.append((what, share)))
    assert told[-1][1] == 1.0
    assert "steps/s" in told[-1][0]


def test_without_labels_it_learns_who_will_not_come_back():
    shop = a_lively_shop(customers=240, days=140, seed=2)
    ledger = Ledger.of(shop)
    config = PretrainConfig(steps=60, customers=48, moments=6, learning_rate=0.01)
    done = pretrain(ledger, CUT, model=SMALL, config=config)
    assert np.mean(done.losses[-10:]) < np.mean(done.losses[:10])
    block = sequence_block(done.model, ledger, CUT)
    with torch.inference_mode():
        said = done.window.answers(torch.from_numpy(block.vectors))["whether"][:, 2].numpy()
    came = labels.future_counts(ledger, Window(CUT, 30), deeds=labels.Deeds(("purchase",)))
    assert roc_auc_score(came[block.customers] > 0, said) > 0.75


def test_a_log_that_is_too_short_is_refused(shop):
    ledger = Ledger.of(shop)
    with pytest.raises(TooFew, match="nobody was seen"):
        pretrain(ledger, START + timedelta(days=3), model=SMALL, config=QUICK)
    with pytest.raises(TooFew, match="no event before"):
        pretrain(ledger, START, model=SMALL, config=QUICK)


def test_the_teacher_asks_only_what_the_log_can_answer(shop, unbroken):
    buckets = list(cut_sequences(Ledger.of(shop), unbroken.model.vocabulary, CUT))
    until = round(CUT.timestamp() * 1e6)
    teacher = Teacher(
        buckets,
        until_us=until,
        horizons_days=(7, 30),
        class_days=30,
        class_of=np.full(unbroken.model.vocabulary.size("category"), -1),
        classes=2,
        longest=24,
        seed=0,
    )
    batch, future = teacher.draw(3, customers=10, moments=4)
    assert future.known[:, 0].all()
    assert not future.classes.any()
    assert batch.last.shape == (10, 4)
    again, _ = teacher.draw(3, customers=10, moments=4)
    assert again.codes.tobytes() == batch.codes.tobytes()


def test_the_heads_answer_for_every_horizon():
    window = FutureWindow(8, (7, 14, 30))
    said = window.answers(torch.zeros(5, 8))
    assert {name: answer.shape for name, answer in said.items()} == dict.fromkeys(
        ("whether", "orders", "worth"), (5, 3)
    )


def test_it_stops_when_those_who_never_teach_say_so(monkeypatch):
    """Much too high a rate for much too long: the best weights are kept, the rest is not done."""
    monkeypatch.setattr(pretraining, "SAVED_EVERY", 5)
    shop = a_lively_shop(customers=150, days=140, seed=4)
    config = PretrainConfig(steps=400, customers=8, moments=1, learning_rate=0.3, patience=2)
    done = pretrain(Ledger.of(shop), CUT, model=SMALL, config=config)
    assert len(done.losses) < 400
    assert len(done.losses) % 5 == 0


def test_who_examines_never_teaches(unbroken):
    shop = a_lively_shop(customers=150, days=140, seed=4)
    ledger = Ledger.of(shop)
    buckets = list(cut_sequences(ledger, unbroken.model.vocabulary, CUT))
    teacher = Teacher(
        buckets,
        until_us=round(CUT.timestamp() * 1e6),
        horizons_days=(7,),
        class_days=7,
        class_of=np.full(unbroken.model.vocabulary.size("category"), -1),
        classes=1,
        longest=24,
        seed=0,
    )
    examination = teacher.examination(customers=100, moments=2)
    again = teacher.examination(customers=100, moments=2)
    assert [one.codes.tobytes() for one, _ in examination] == [
        one.codes.tobytes() for one, _ in again
    ]
    asked = [set(held) for held in teacher._held]
    assert sum(map(len, asked)) >= 10
    for held, ready in zip(asked, teacher._ready, strict=True):
        assert not held & set(ready)
