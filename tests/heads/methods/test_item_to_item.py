"""What goes with what was bought."""

from asking import a_question, ask, names
from limner.heads.methods.item_to_item import ItemToItem
from shops import Shop, a_log, an_event


def couples(last_item="pan"):
    """Customers buy a pan and a lid, or a hat and a scarf; the last has only one of a couple."""
    rows = []
    for customer in range(20):
        pair = ("pan", "lid") if customer % 4 == 0 else ("hat", "scarf")
        rows += [
            an_event(f"c{customer:02}", day, item=item)
            for day, item in zip((40.0 + customer, 60.0 + customer), pair, strict=True)
        ]
    return Shop(a_log([*rows, an_event("z", 100, item=last_item)]))


def test_the_lid_goes_with_the_pan_though_the_hat_is_more_popular():
    study = a_question(couples())
    ranked = ask(ItemToItem(), study)
    assert names(study, ranked)[-1][:2] == ["pan", "lid"]
    assert ranked.reason_names[ranked.reasons[-1, 1]] == "item_to_item"


def test_without_anything_that_goes_with_it_the_popular_follows():
    study = a_question(couples(last_item="umbrella"))
    ranked = ask(ItemToItem(), study)
    assert names(study, ranked)[-1][0] == "umbrella"
    assert ranked.reason_names[ranked.reasons[-1, 1]] == "popularity"
