"""A shop as the behaviour model reads it: its names and quantiles, and customers at moments."""

from dataclasses import dataclass

import numpy as np
import torch

from limner.dataset.batches import batch_at
from limner.dataset.ledger import Ledger
from limner.dataset.quantiles import learn_quantiles
from limner.dataset.sequences import Sequences
from limner.dataset.vocabulary import catalogue_codes
from limner.encoders.modality import Known
from limner.model.behaviour import BehaviourConfig, BehaviourModel
from limner.training.objective import Exercise, Setting, Shelf
from limner.training.teacher import Teacher
from visits import CUT, CUT_US, sequences_of

HORIZONS = (7, 30)
SMALL = BehaviourConfig(width=8, longest=16, classes=4)


@dataclass
class Past:
    """What lies before a cut."""

    ledger: Ledger
    known: Known
    buckets: list[Sequences]


def a_past(shop, *, cut=CUT, longest=None):
    ledger, names, buckets = sequences_of(shop, cut=cut, longest=longest)
    return Past(ledger, Known(names, learn_quantiles(buckets)), buckets)


def a_model(known, *, seed=0, **settings):
    """Return a model that has learned nothing; its drop-outs are off."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return BehaviourModel(SMALL.model_copy(update=settings), known).eval()


def everybody(bucket, *, longest=16, moments=1):
    """Return all customers of a bucket at moments up to the cut, ten days apart."""
    rows = np.arange(len(bucket))
    before = CUT_US - 10 * 86_400_000_000 * np.arange(moments)[::-1]
    return batch_at(bucket, rows, np.tile(before, (len(rows), 1)), longest=longest)


def a_lesson(past, *, backbone="recurrent"):
    """Return a model, what an objective must know, and a teacher."""
    model = a_model(past.known, backbone=backbone)
    counts = np.zeros(len(past.ledger.items), np.int64)
    for one in past.buckets:
        found = one.items[one.bought & (one.items >= 0)]
        counts += np.bincount(found, minlength=len(counts))
    setting = Setting(
        8, HORIZONS, Shelf(catalogue_codes(past.ledger, past.known.vocabulary), counts)
    )
    class_of = model.class_of.numpy()
    teacher = Teacher(
        past.buckets,
        until_us=CUT_US,
        horizons_days=HORIZONS,
        class_days=30,
        class_of=np.where(class_of < model.classes, class_of, -1),
        classes=model.classes,
        longest=16,
        seed=0,
    )
    return model, setting, teacher


def exercise_of(teacher, step=0, *, customers=16):
    batch, future = teacher.draw(step, customers=customers, moments=3)
    slices = teacher.slices(step, customers=customers)
    return Exercise(batch, future, slices, np.random.default_rng(step))


def ask(objective, model, exercise):
    states = model.states(exercise.batch)
    return objective(model, exercise, states, model.vectors(exercise.batch, states))
