"""Learned as of a moment: the same whether it was killed or not, and blind to what comes after."""

import json
import shutil
from datetime import timedelta

import numpy as np
import pytest

from limner.errors import TooFew
from limner.heads.methods.automatic import Automatic
from limner.heads.question import Question
from limner.training.fit import fit
from limner.training.standby import Standby
from shops import COLUMNS, START, Shop, a_lively_shop, a_log, an_event, planted, quicken, seen, told
from standing import TUNED, a_plan

DAY = 110
CUT = START + timedelta(days=DAY)
QUESTIONS = {
    "buys": Question(shape="whether", horizon_days=20),
    "orders": Question(shape="how_many", horizon_days=20),
    "taste": Question(shape="which", horizon_days=20, classes=3),
    "club": Question(shape="which", attribute="club"),
}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    quicken(monkeypatch)


@pytest.fixture(scope="module")
def shop():
    lively = a_lively_shop(customers=90, days=130, seed=21)
    clubs = [(f"c{n:04}", "club", "ABC"[n % 3]) for n in range(75)]
    return Shop(lively.events, catalogue=lively.catalogue(), attributes=told(clubs), buckets=2)


def learn(shop, folder, questions=QUESTIONS, *, cut=CUT, seed=0, fingerprint="f1", **more):
    return fit(
        shop,
        questions,
        cut=cut,
        folder=folder,
        fingerprint=fingerprint,
        seed=seed,
        aggregates=COLUMNS,
        **more,
    )


def same(one, other):
    assert one.question == other.question
    assert one.customers.tolist() == other.customers.tolist()
    assert one.classes == other.classes
    assert one.values.tobytes() == other.values.tobytes()
    assert one.factor_places.tobytes() == other.factor_places.tobytes()
    assert one.factor_effects.tobytes() == other.factor_effects.tobytes()
    assert one.factor_values.tobytes() == other.factor_values.tobytes()


@pytest.fixture(scope="module")
def unbroken(shop, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        quicken(patch)
        folder = tmp_path_factory.mktemp("models") / "m"
        return learn(shop, folder), folder


class Killed(BaseException):
    """What a signal does."""


def killing(*given):
    raise Killed


@pytest.mark.parametrize("after", [2])
def test_killed_and_resumed_it_forecasts_as_if_unbroken(
    shop, unbroken, tmp_path, after, monkeypatch
):
    learned = []
    learn_one = Automatic.learn

    def fragile(self, study, *samples):
        if len(learned) == after:
            raise Killed
        learned.append(study.name)
        return learn_one(self, study, *samples)

    monkeypatch.setattr(Automatic, "learn", fragile)
    with pytest.raises(Killed):
        learn(shop, tmp_path / "m")
    assert not (tmp_path / "m" / "config.json").exists()
    monkeypatch.setattr(Automatic, "learn", learn_one)
    resumed = learn(shop, tmp_path / "m")
    assert resumed.version == unbroken[0].version
    for one, other in zip(unbroken[0].forecasts, resumed.forecasts, strict=True):
        same(one, other)


def test_what_was_learned_is_not_learned_again(shop, unbroken, monkeypatch):
    first, folder = unbroken
    monkeypatch.setattr(Automatic, "learn", None)
    for one, other in zip(first.forecasts, learn(shop, folder).forecasts, strict=True):
        same(one, other)


@pytest.mark.parametrize(
    "change",
    [{"seed": 1}, {"fingerprint": "f2"}, {"cut": CUT - timedelta(days=1)}, {"level": 1}],
)
def test_whatever_differs_is_learned_anew(shop, unbroken, tmp_path, change, monkeypatch):
    first, folder = unbroken
    shutil.copytree(folder, tmp_path / "m")
    assert learn(shop, tmp_path / "m").version == first.version

    monkeypatch.setattr(Automatic, "learn", killing)
    with pytest.raises(Killed):
        learn(shop, tmp_path / "m", **change)


def test_columns_that_another_question_moved_are_not_read_by_old_heads(shop, tmp_path, monkeypatch):
    """The first question's cuts decide which classes have columns and where prices are cut."""
    # A fashion of a week, between the two questions' validation cuts.
    fashion = [an_event("c0001", 85 + n / 500, "view", "i05", price=99.0) for n in range(2000)]
    shop = shop.also(a_log(fashion))
    far = {"far": Question(shape="whether", horizon_days=100)}
    near = {"buys": QUESTIONS["buys"]}
    learn(shop, tmp_path / "m", far | near)
    monkeypatch.setattr(Automatic, "learn", killing)
    with pytest.raises(Killed):
        learn(shop, tmp_path / "m", near)


def test_what_comes_at_the_cut_or_after_moves_no_forecast(shop, unbroken, tmp_path):
    first, _ = unbroken
    moved = learn(shop.also(planted(DAY)), tmp_path / "m")
    for one, other in zip(first.forecasts, moved.forecasts, strict=True):
        same(one, other)


def test_every_active_customer_has_a_forecast_and_its_reasons(shop, unbroken):
    buys, orders, taste, club = unbroken[0].forecasts
    assert len(buys) == len(orders) == len(taste) > 50
    assert ((buys.values > 0) & (buys.values < 1)).all()
    assert buys.factor_places.shape == (len(buys), 6)
    strength = np.abs(buys.factor_effects)
    assert (np.diff(strength, axis=1) <= 0).all()
    assert buys.factor_places.max() < len(buys.factor_names)
    assert taste.values.shape == (len(taste), len(taste.classes))
    told_already = {f"c{n:04}" for n in range(75)}
    assert len(club)
    assert not told_already & set(club.customers.tolist())
    assert {one.as_of for one in unbroken[0].forecasts} == {CUT}


def test_the_folder_says_what_it_is(unbroken):
    first, folder = unbroken
    config = json.loads((folder / "config.json").read_text())
    assert config["cut"] == CUT.isoformat()
    assert set(config["questions"]) == set(QUESTIONS)
    card = (folder / "card.md").read_text()
    assert f"# Model {first.version}" in card
    assert "| buys | whether | 20 |" in card
    assert {path.name for path in (folder / "heads").iterdir()} == set(QUESTIONS)
    assert not [path for path in folder.rglob("*") if path.suffix in (".pkl", ".pickle", ".joblib")]


def test_an_attribute_that_everybody_told_leaves_nobody_to_answer_for(shop, tmp_path):
    clubs = [
        (name, "club", "AB"[n % 2]) for n, name in enumerate(shop.events["customer_id"].unique())
    ]
    full = Shop(shop.events, catalogue=shop.catalogue(), attributes=told(clubs))
    done = learn(full, tmp_path / "m", {"club": QUESTIONS["club"]})
    assert len(done.forecasts[0]) == 0
    assert done.forecasts[0].values.shape == (0, 2)


def test_a_shop_that_fell_asleep_has_nobody_to_answer_for(shop, tmp_path):
    done = learn(
        shop,
        tmp_path / "m",
        {name: QUESTIONS[name] for name in ("buys", "taste")},
        cut=START + timedelta(days=195),
    )
    assert [len(one) for one in done.forecasts] == [0] * len(done.forecasts)


def test_what_cannot_be_learned_is_noted_and_the_rest_stands(shop, tmp_path):
    questions = {"size": Question(shape="which", attribute="size"), "buys": QUESTIONS["buys"]}
    done = learn(shop, tmp_path / "m", questions)
    assert [one.question for one in done.forecasts] == ["buys"]
    assert any(note.startswith("size: ") for note in done.notes)
    assert "size: " in (tmp_path / "m" / "card.md").read_text()


def test_a_log_that_teaches_nothing_is_refused(tmp_path):
    lonely = Shop(a_log([an_event("ann", day, price=1.0) for day in range(100)]))
    with pytest.raises(TooFew, match="fewer than 20 customers"):
        learn(lonely, tmp_path / "m", {"buys": QUESTIONS["buys"]})
    with pytest.raises(TooFew, match="no event"):
        learn(lonely, tmp_path / "m", cut=START)


def test_heads_that_other_code_has_kept_are_learned_anew(shop, unbroken, tmp_path, monkeypatch):
    first, folder = unbroken
    shutil.copytree(folder, tmp_path / "m")
    monkeypatch.setattr("limner.training.fit._code_digest", lambda: "another")
    monkeypatch.setattr(Automatic, "learn", killing)
    with pytest.raises(Killed):
        learn(shop, tmp_path / "m")
    assert first.version


def test_what_a_customer_is_has_no_horizon(unbroken):
    days = {one.question: one.horizon_days for one in unbroken[0].forecasts}
    assert days == {"buys": 20, "orders": 20, "taste": 20, "club": 0}


def test_heads_that_read_models_are_blind_to_the_future_and_have_reasons(shop, unbroken, tmp_path):
    questions = {**QUESTIONS, "next": Question(shape="what_next", horizon_days=20)}
    told_of = []

    def learned(one, folder):
        standby = Standby(a_plan(tmp_path / f"folds of {folder}", steps=3), TUNED)
        told_of.clear()
        done = learn(
            one,
            tmp_path / folder,
            questions,
            learning=standby,
            progress=lambda what, share: told_of.append(share),
        )
        assert told_of == sorted(told_of)
        assert told_of[-1] == 1.0
        return done

    done, moved = learned(shop, "plain"), learned(shop.also(planted(DAY)), "planted")
    assert done.version == moved.version != unbroken[0].version
    for one, other in zip(done.forecasts, moved.forecasts, strict=True):
        same(one, other)
        if one.shape == "what_next":
            np.testing.assert_array_equal(one.items, other.items)
            assert "sequence" in one.sources
    for one, other in zip(done.forecasts, unbroken[0].forecasts, strict=False):
        assert one.question == other.question
        # Who somebody is, the horizon of which is nought, is told without a model.
        same_values = one.values.tobytes() == other.values.tobytes()
        assert same_values == (one.horizon_days == 0)
    (buys,) = (one for one in done.forecasts if one.question == "buys")
    assert buys.factor_places.max() < len(buys.factor_names)
    assert "vectors of behaviour models" in (tmp_path / "plain" / "card.md").read_text("utf-8")
    again = learned(shop, "plain")
    assert again.version == done.version


def test_heads_read_words_and_are_learned_anew_when_another_model_has_read_them(
    shop, unbroken, tmp_path
):
    questions = {name: QUESTIONS[name] for name in ("buys", "taste", "club")}
    standby = Standby(a_plan(tmp_path / "folds", steps=2), TUNED)
    worded = [seen(shop, looks=["text"], seed=seed) for seed in (0, 1)]
    first, again, other = (
        learn(one, tmp_path / "m", questions, learning=standby)
        for one in (worded[0], worded[0], worded[1])
    )
    assert first.version == again.version != other.version
    for one, same_one in zip(first.forecasts, again.forecasts, strict=True):
        same(one, same_one)
    (buys,) = (one for one in first.forecasts if one.question == "buys")
    assert buys.factor_places.max() < len(buys.factor_names)
    (club,) = (one for one in first.forecasts if one.question == "club")
    (plain,) = (one for one in unbroken[0].forecasts if one.question == "club")
    assert club.values.tobytes() != plain.values.tobytes()
    assert "what was met by its text" in (tmp_path / "m" / "card.md").read_text("utf-8")
