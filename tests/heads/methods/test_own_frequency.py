"""What this customer bought before."""

from asking import a_question, ask, names
from limner.heads.item_shelf import shelf_at
from limner.heads.methods.own_frequency import OwnFrequency
from shops import Shop, a_log, an_event


def test_own_items_by_frequency_then_what_is_popular():
    rows = [an_event("ann", day, item="milk") for day in (80.0, 100.0)]
    rows += [an_event("ann", 100, item="soap")]
    rows += [an_event("ben", day, item="bag") for day in (70.0, 80.0, 90.0, 100.0)]
    study = a_question(Shop(a_log(rows)))
    ranked = ask(OwnFrequency(), study)
    assert names(study, ranked) == [["milk", "soap", "bag"], ["bag", "milk", "soap"]]
    assert ranked.reasons[0, :3].tolist() == [0, 0, 1]


def test_a_cart_that_leads_to_purchases_outweighs_a_view_that_does_not():
    rows = []
    for customer in range(30):
        for start in range(0, 108, 10):
            rows += [
                an_event(f"c{customer}", start + 1, kind="cart", item=f"i{start % 7}"),
                an_event(f"c{customer}", start + 1, kind="view", item=f"j{start % 7}"),
                an_event(f"c{customer}", start + 9, item=f"i{start % 7}"),
            ]
    study = a_question(Shop(a_log(rows)), horizon_days=10)
    shelf = shelf_at(study, study.plan.test)
    worth = dict(zip(shelf.history.kinds, shelf.rates, strict=True))
    assert worth["deed"] == 1.0
    assert worth["cart"] > 2 * worth["view"]
