"""One question at one cut: who is asked, what came true, and that nothing of the future is known."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limner.dataset.cuts import Window
from limner.errors import TooFew
from limner.heads.question import Question
from shops import START, Shop, a_catalogue, a_lively_shop, a_log, a_study, an_event, planted, told

DAY = 110
QUESTIONS = [
    Question(shape="whether", horizon_days=14),
    Question(shape="whether", horizon_days=14, nothing=True),
    Question(shape="how_many", horizon_days=14, event=("view", "purchase")),
    Question(shape="how_much", horizon_days=14, event=("purchase", "return")),
    Question(shape="which", horizon_days=14, classes=4),
    Question(shape="which", horizon_days=14, of="brand", classes=3, among_days=None),
    Question(shape="what_next", horizon_days=14, where={"department": ("D0",)}),
]


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop(customers=80, days=130, seed=2)


odd = st.lists(
    st.builds(
        an_event,
        customer=st.sampled_from(["c0001", "c0002", "a newcomer", "c0003 too", "zz"]),
        day=st.one_of(st.just(float(DAY)), st.floats(DAY, 300, width=32)),
        kind=st.sampled_from(["purchase", "view", "return", "a new deed"]),
        item=st.sampled_from([None, "a new thing", "i00", "i05", "i23"]),
        order_id=st.sampled_from([None, "o1", "o2"]),
        price=st.sampled_from([None, 1e6, 1.0]),
    ),
    min_size=1,
    max_size=30,
).map(a_log)


@settings(max_examples=8, deadline=None)
@given(st.sampled_from(QUESTIONS), odd, st.sampled_from([1, 3]))
def test_events_at_the_cut_or_after_change_nobody_asked_and_no_sample(question, events, buckets):
    lively = a_lively_shop(customers=30, days=130, seed=2, buckets=buckets)
    one, other = (a_study(each, question, day=DAY) for each in (lively, lively.also(events)))
    assert one.class_names == other.class_names
    assert one.plan == other.plan
    for window in one.plan.learnable:
        before, after = one.sample(window), other.sample(window)
        names = [
            study.ledger.customers[sample.customers].tolist()
            for study, sample in ((one, before), (other, after))
        ]
        assert names[0] == names[1]
        assert before.truth.tobytes() == after.truth.tobytes()
    asked = [
        study.ledger.customers[study.asked(study.plan.test)].tolist() for study in (one, other)
    ]
    assert asked[0] == asked[1]


def test_the_fixed_plant_moves_nothing_either(shop):
    for question in QUESTIONS:
        one, other = (a_study(each, question, day=DAY) for each in (shop, shop.also(planted(DAY))))
        for before, after in zip(*(study.training()[0] for study in (one, other)), strict=True):
            assert before.truth.tobytes() == after.truth.tobytes()


def test_churn_is_the_opposite_of_a_purchase(shop):
    bought, stayed = (a_study(shop, question, day=DAY) for question in QUESTIONS[:2])
    one, other = bought.sample(bought.plan.test), stayed.sample(stayed.plan.test)
    np.testing.assert_array_equal(one.customers, other.customers)
    np.testing.assert_array_equal(one.truth, 1 - other.truth)
    assert 0 < one.truth.mean() < 1


def test_truth_is_counted_within_the_window_of_each_sample(shop):
    study = a_study(shop, QUESTIONS[2], day=DAY)
    for window in (*study.plan.learnable, study.plan.test):
        sample = study.sample(window)
        rows = shop.events.filter(
            (shop.events["time"] >= window.cut) & (shop.events["time"] < window.end)
        ).to_dicts()
        orders = {}
        for row in rows:
            orders.setdefault(row["customer_id"], set()).add(row["order_id"] or row["time"])
        names = study.ledger.customers[sample.customers]
        assert sample.truth.tolist() == [len(orders.get(name, ())) for name in names]


def test_only_those_who_did_something_lately_are_asked():
    log = [
        an_event("lately", DAY - 10, price=1.0),
        an_event("long ago", DAY - 90, price=1.0),
        an_event("only reached", DAY - 5, "message"),
        an_event("later", DAY + 1, price=1.0),
        an_event("looked", DAY - 3, "view"),
        an_event("first", 0),
    ]
    shop = Shop(a_log(log))
    for question, expected in (
        (Question(shape="whether", horizon_days=14), {"lately", "looked"}),
        (Question(shape="whether", horizon_days=14, active=("purchase",)), {"lately"}),
        (
            Question(shape="whether", horizon_days=14, among_days=None),
            {"lately", "looked", "long ago", "first"},
        ),
    ):
        study = a_study(shop, question, day=DAY)
        asked = study.asked(study.plan.test)
        assert set(study.ledger.customers[asked]) == expected
        assert len(study.untold(study.plan.test)) == len(asked)


def test_an_attribute_is_asked_of_who_told_and_answered_for_who_did_not():
    log = a_log([an_event(name, 100) for name in ("ann", "ben", "eve", "zoe")] + [an_event("x", 1)])
    ages = told([("ann", "age", "40"), ("ben", "age", "20"), ("zoe", "age", "40")])
    study = a_study(Shop(log, attributes=ages), Question(shape="which", attribute="age"), day=DAY)
    assert study.class_names == ("40", "20")
    sample = study.sample(study.plan.test)
    names = study.ledger.customers[sample.customers].tolist()
    assert dict(zip(names, sample.truth.tolist(), strict=True)) == {
        "ann": [1, 0],
        "ben": [0, 1],
        "zoe": [1, 0],
    }
    assert study.ledger.customers[study.untold(study.plan.test)].tolist() == ["eve"]


@pytest.mark.parametrize("ages", [[], [("ann", "age", "40")]])
def test_an_attribute_of_fewer_than_two_values_is_refused(ages):
    shop = Shop(a_log([an_event("ann", 1), an_event("ann", 100)]), attributes=told(ages))
    with pytest.raises(TooFew, match="two values of the attribute 'age'"):
        a_study(shop, Question(shape="which", attribute="age"), day=DAY)


def test_classes_of_a_shop_without_a_catalogue_are_refused():
    shop = Shop(a_log([an_event("ann", day, item="milk") for day in range(100)]))
    with pytest.raises(TooFew, match="known brand") as refusal:
        a_study(shop, Question(shape="which", of="brand", horizon_days=14), day=DAY)
    assert "catalogue" in refusal.value.hint


def test_classes_are_the_commonest_before_the_cut():
    items = {"milk": ("Food > Dairy", None), "soap": ("Home > Bath", None), "nut": ("New", None)}
    log = [an_event("ann", day, item="soap") for day in range(3)]
    log += [an_event("ann", 10, item="milk")]
    log += [an_event("ann", DAY + n, item="nut") for n in range(9)]
    shop = Shop(a_log(log), catalogue=a_catalogue(items))
    study = a_study(shop, Question(shape="which", horizon_days=14, among_days=None), day=DAY)
    assert study.class_names == ("Bath", "Dairy")


def test_a_desk_computes_once_and_forgets_when_told(shop):
    desk = a_study(shop, QUESTIONS[0], day=DAY).desk
    made = []
    for _ in range(2):
        assert desk.once("a key", lambda: made.append(1) or len(made)) == 1
    desk.forget()
    assert desk.once("a key", lambda: made.append(1) or len(made)) == 2


def test_history_is_counted_in_days(shop):
    study = a_study(shop, QUESTIONS[0], day=DAY)
    cut = START + timedelta(days=DAY)
    assert study.days_of_history == (cut - study.ledger.first) / timedelta(days=1)
    sample = study.sample(Window(cut, 14))
    half = sample.take(np.arange(len(sample.customers)) % 2 == 0)
    assert half.customers.tolist() == sample.customers[::2].tolist()
    assert half.truth.tolist() == sample.truth[::2].tolist()
