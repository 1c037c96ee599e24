from limner import plugins
from limner.heads import methods as folder
from limner.training import score
from limner.training.charts import DASHES
from limner.training.pictures import colour_of, foremost, pictures


def drawn(answers):
    return pictures(answers, score(answers, seed=0, resamples=20))


def test_the_best_method_stands_in_front(whether, how_much, what_next):
    for answers, best in ((whether, "automatic"), (how_much, "automatic"), (what_next, "reranked")):
        assert foremost(score(answers, seed=0, resamples=20)) == best


def test_nothing_is_in_front_of_nothing(rare):
    assert foremost([]) is None
    assert foremost(score(rare, seed=0, resamples=20)) is None
    assert drawn(rare) == []


def test_each_shape_has_its_pictures(whether, which, how_much, what_next):
    counts = [len(drawn(answers)) for answers in (whether, which, how_much, what_next)]
    assert counts == [6, 7, 6, 4]


def test_classes_are_folded_away(which):
    assert [picture.large for picture in drawn(which)] == [*[False] * 6, True]


def test_methods_of_a_question_differ_in_colour_and_dash():
    for methods in (
        ("base", "recency", "hand_made", "bgnbd", "automatic"),
        ("popularity", "own_frequency", "item_to_item", "ease", "reranked"),
    ):
        colours = [colour_of(method) for method in methods]
        assert len(set(colours)) == len(methods)
        assert len({DASHES[colour] for colour in colours}) == len(methods)
    assert 5 <= colour_of("mine") <= 7


def test_what_is_fused_has_a_colour_of_its_own():
    known = plugins.names(folder)
    assert {name for name in known if colour_of(name) == colour_of("fused")} == {"fused"}
    assert colour_of("fused") != colour_of("mine")
    assert colour_of("full") == colour_of("lora") != colour_of("frozen_linear")


def test_a_picture_of_a_single_method_still_draws(whether):
    alone = type(whether)(
        question="churn",
        shape="whether",
        horizon_days=14,
        cut=whether.cut,
        customers=whether.customers,
        truth=whether.truth,
        predictions={"automatic": whether.predictions["automatic"]},
    )
    assert len(drawn(alone)) == 6
