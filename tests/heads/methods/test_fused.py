"""What was counted and learned together: what words and pictures of items do to it."""

import numpy as np
import pytest

from limner.events.item_vectors import ItemVectors
from limner.heads.choosing import preferred
from limner.heads.methods.automatic import Automatic
from limner.heads.methods.frozen_boosted import FrozenBoosted
from limner.heads.methods.fused import Fused
from limner.heads.modalities import MODALITIES
from limner.heads.question import Question
from limner.training.evaluate import put_question
from shops import Shop, a_lively_shop, a_study, planted, quicken, seen, told
from standing import learn, stand_by

DAY = 110
QUESTIONS = {
    "whether": Question(shape="whether", horizon_days=20),
    "how_many": Question(shape="how_many", horizon_days=20),
    "which": Question(shape="which", horizon_days=20, of="category", classes=4),
    "brand": Question(shape="which", horizon_days=20, of="brand", classes=3),
    "what_next": Question(shape="what_next", horizon_days=20),
}
CLUB = Question(shape="which", attribute="club")


@pytest.fixture(scope="module", autouse=True)
def quick():
    with pytest.MonkeyPatch.context() as patch:
        quicken(patch)
        yield


@pytest.fixture(scope="module")
def shop():
    bare = a_lively_shop(customers=90, days=130, seed=3)
    names = sorted(set(bare.events["customer_id"]))
    rows = [(name, "club", "gold" if int(name[1:]) % 2 else "none") for name in names]
    clubs = Shop(bare.events, catalogue=bare.catalogue(), attributes=told(rows), buckets=2)
    return seen(clubs)


@pytest.fixture(scope="module")
def folds(shop, tmp_path_factory):
    blind = Shop(shop.events, catalogue=shop.catalogue(), buckets=2)
    return learn(blind, tmp_path_factory.mktemp("folds"), day=DAY, whole=False, steps=3)


def put(shop, shape, folds):
    question = QUESTIONS.get(shape, CLUB)
    return stand_by(a_study(shop, question, day=DAY), folds)


def samples(study):
    if study.question.attribute is None:
        return study.training()
    asked = study.sample(study.plan.test)
    held = np.arange(len(asked.customers)) % 4 == 0
    return [asked.take(~held)], asked.take(held)


@pytest.mark.parametrize("shape", [*QUESTIONS, "attribute"])
def test_every_shape_is_answered_with_words_and_pictures_and_kept(shop, folds, shape, tmp_path):
    study = put(shop, shape, folds)
    asked = study.asked(study.plan.test)
    if shape == "what_next":
        assert Fused().rank(study, study.plan.test, asked, most=10).items.shape == (len(asked), 10)
        return
    learned = Fused().learn(study, *samples(study))
    said = learned.predict(study, study.plan.test, asked)
    assert np.isfinite(said).all()
    learned.save(tmp_path / "kept")
    again = Fused().load(study, tmp_path / "kept")
    assert again.predict(study, study.plan.test, asked).tobytes() == said.tobytes()


@pytest.mark.parametrize("shape", ["how_many", "which", "brand"])
def test_vectors_that_say_nothing_are_not_read(shop, folds, shape):
    study = put(shop, shape, folds)
    nothing = ItemVectors(shop.vectors["text"].ids, np.zeros((24, 3), np.float32), "none")
    study.ledger.looks = {"text": nothing}
    assert "text" not in Fused().learn(study, *samples(study)).names


def test_the_validation_sample_says_whether_words_are_read(shop, folds):
    study = put(shop, "which", folds)
    train, validation = samples(study)
    tried = [
        Fused(names).learn(study, train, validation)
        for names in (("sequence",), ("sequence", "text", "image"))
    ]
    chosen = Fused().learn(study, train, validation)
    losses = [one.answer.held_out_losses_ for one in tried]
    assert chosen.names == tried[preferred(losses)].names


def test_it_reads_what_it_is_given_and_no_more(shop, folds):
    study = put(shop, "whether", folds)
    train, validation = samples(study)
    asked = study.asked(study.plan.test)
    learned = Fused(("text",)).learn(study, train, validation)
    before = learned.predict(study, study.plan.test, asked)
    study.desk.behaviour = None
    study.desk.forget()
    again = Fused(("text",)).learn(study, train, validation)
    assert again.predict(study, study.plan.test, asked).tobytes() == before.tobytes()
    assert Fused(("image", "sequence", "text")).blocks == ("sequence", "text", "image")
    assert Fused(()).blocks == ()
    assert Fused().blocks is None


def test_without_anything_it_is_what_was_counted(shop, folds):
    for shape in ("how_many", "brand"):
        study = put(shop, shape, folds)
        asked = study.asked(study.plan.test)
        one, other = (
            each.learn(study, *samples(study)).predict(study, study.plan.test, asked)
            for each in (Fused(()), Automatic())
        )
        np.testing.assert_array_equal(one, other)


def test_a_shop_without_vectors_is_answered_as_if_there_were_no_such_thing(shop, folds):
    bare = Shop(shop.events, catalogue=shop.catalogue(), buckets=2)
    for shape in ("whether", "how_many", "which"):
        one, other = (
            each.learn(study, *samples(study)).predict(
                study, study.plan.test, study.asked(study.plan.test)
            )
            for each in (Fused(), Fused(("sequence",)))
            for study in [put(bare, shape, folds)]
        )
        assert one.tobytes() == other.tobytes()


def test_the_future_moves_nothing_with_every_modality(shop, folds):
    later = Shop(shop.also(planted(DAY)).events, catalogue=shop.catalogue(), buckets=2)
    later.vectors = shop.vectors
    for shape in ("whether", "which", "how_many"):
        said = []
        for one in (shop, later):
            study = put(one, shape, folds)
            learned = Fused(MODALITIES).learn(study, *samples(study))
            said.append(learned.predict(study, study.plan.test, study.asked(study.plan.test)))
        np.testing.assert_allclose(*said, rtol=1e-4)


def test_frozen_vectors_are_met_by_words_too(shop, folds):
    for shape in ("whether", "how_many", "which", "attribute"):
        study = put(shop, shape, folds)
        learned = FrozenBoosted().learn(study, *samples(study))
        said = learned.predict(study, study.plan.test, study.asked(study.plan.test))
        assert np.isfinite(said).all()


def test_words_alone_can_rank(shop, folds):
    study = put(shop, "what_next", folds)
    answer, declined = put_question(study, {"text": Fused(("text",)), "counts": Fused(())})
    assert not declined
    assert set(answer.top) == {"text", "counts"}
    ranked = Fused(()).rank(study, study.plan.test, study.asked(study.plan.test), most=10)
    assert not {"ease", "item_to_item", "text", "sequence"} & set(ranked.reason_names)
