"""Pictures and what is written of them: weighed by texts that taught neither."""

import numpy as np
import pytest

from languages import tiny
from limner.errors import BadShape, NotFitted, TooFew
from limner.heads.language.task import TextTask
from limner.training.language.text_config import TextFinetuneConfig
from limner.training.vision.picture_tuning import PictureTuneConfig
from limner.training.vision.together import load_tuned_together, set_apart, tune_together
from painted import painted, tiny_vision

KINDS = ("plain", "dotted")


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bases")
    tiny_vision(folder / "sees")
    tiny(folder / "reads")
    return folder


def rows(count, *, seed=0):
    """Return pictures and texts of four kinds, of which each alone tells two apart."""
    pictures, colours = painted(3 * count, seed=seed)
    some = [at for at, colour in enumerate(colours) if colour != "striped"][:count]
    rng = np.random.default_rng(seed)
    kinds = [KINDS[each] for each in rng.integers(0, 2, count)]
    texts = [f"{kind} cloth number {rng.integers(10**6)}" for kind in kinds]
    labels = [f"{colours[at]} {kind}" for at, kind in zip(some, kinds, strict=True)]
    return [pictures[at] for at in some], texts, labels


def tuned(bases, count=300):
    pictures, texts, labels = rows(count)
    task = TextTask.of("classify", labels)
    return tune_together(
        task,
        pictures,
        texts,
        task.truth(labels),
        config=PictureTuneConfig(base=str(bases / "sees"), method="frozen"),
        text_config=TextFinetuneConfig(base=str(bases / "reads"), method="frozen"),
    )


def test_together_is_above_either_and_what_was_kept_answers_the_same(bases, tmp_path):
    found = tuned(bases)
    pictures, texts, labels = rows(120, seed=1)
    said = found.predict(pictures, texts)
    right = np.mean(np.array(found.task.names(said)) == labels)
    alone = [
        np.mean(np.array(found.task.names(found.task.answer(each))) == labels)
        for each in found.readings(pictures, texts)
    ]
    assert right > 0.9
    assert max(alone) < 0.8
    assert (found.blend.weights_ > 0).all()
    assert 20 < found.held_out < 100
    found.save(tmp_path / "kept")
    again = load_tuned_together(tmp_path / "kept")
    assert np.allclose(again.predict(pictures, texts), said, atol=1e-3)


def test_where_nothing_is_written_the_picture_answers_alone(bases):
    found = tuned(bases)
    pictures, texts, _ = rows(6, seed=2)
    texts[2] = None
    said = found.predict(pictures, texts)
    alone = found.pictures.predict(pictures)
    assert np.allclose(said[2], alone[2])
    assert not np.allclose(said[0], alone[0])


def test_all_rows_of_a_text_are_set_apart_together_and_no_class_is_lost():
    texts = [f"text {at // 5}" for at in range(200)] + ["", "alone"]
    truth = np.zeros((202, 3), np.float32)
    truth[np.arange(200), np.arange(200) // 5 % 2] = 1
    truth[200, 0] = truth[201, 2] = 1
    for seed in range(8):
        taught, held = set_apart(texts, truth, seed=seed)
        assert sorted([*taught, *held]) == list(range(202))
        assert not {texts[row] for row in taught} & {texts[row] for row in held}
        assert len(held)
        assert {200, 201} <= set(taught.tolist())
    numbers = np.arange(202, dtype=np.float32)
    assert len(set_apart(texts, numbers, seed=0)[1])


def test_what_cannot_be_weighed_is_refused(bases, tmp_path):
    pictures, texts, labels = rows(30)
    task = TextTask.of("classify", labels)
    with pytest.raises(BadShape, match="30 pictures need as many texts, got 29"):
        tune_together(task, pictures, texts[:-1], task.truth(labels))
    with pytest.raises(TooFew, match="40 must weigh"):
        tune_together(task, pictures, texts, task.truth(labels))
    with pytest.raises(NotFitted, match="no pictures and texts"):
        load_tuned_together(tmp_path)
    with pytest.raises(BadShape, match="need as many texts"):
        tuned(bases).predict(pictures, texts[:3])
