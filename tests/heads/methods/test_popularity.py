"""What everybody buys."""

from asking import a_question, ask, names
from limner.heads.methods.popularity import Popularity
from shops import Shop, a_log, an_event


def test_the_item_of_most_orders_comes_first_for_everybody():
    rows = [
        an_event(f"c{customer}", day, item=item)
        for customer, day, item in [
            (1, 90, "milk"), (2, 90, "milk"), (3, 90, "milk"),
            (1, 90, "soap"), (2, 90, "soap"),
            (3, 90, "bag"),
        ]
    ]  # fmt: skip
    study = a_question(Shop(a_log(rows)))
    assert names(study, ask(Popularity(), study)) == [["milk", "soap", "bag"]] * 3


def test_validation_finds_out_that_fashion_changes():
    """Twenty old orders of the hat lose to the newest fashion, where the log shows such turns."""
    rows = [an_event("ann", 0.1 * number, item="hat") for number in range(20)]
    rows += [
        an_event(customer, start + day, item=f"fashion{start // 20}")
        for customer in ("ann", "ben", "eve")
        for start in range(10, 110, 20)
        for day in (8.0, 18.0, 22.0)
        if start + day < 110
    ]
    study = a_question(Shop(a_log(rows)))
    assert names(study, ask(Popularity(), study))[0][0].startswith("fashion4")
