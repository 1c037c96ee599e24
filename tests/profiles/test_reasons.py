"""Why an item is offered."""


def test_the_strongest_true_reason_is_given(profiles):
    """Ann bought milk thrice, yoghurt and rare are in no catalogue; ben's cheese is due to soap."""
    ann, ben = profiles["ann"], profiles["ben"]
    milk, yoghurt, _ = ann.recommendations
    assert (milk.reason, milk.is_new, milk.title, milk.source) == (
        "bought_before",
        False,
        "Milk 1 l",
        "reranked",
    )
    assert milk.reason_en == "bought 3 times, last on 21 January 2024"
    assert milk.evidence[0].item_id == "milk"
    assert (yoghurt.reason, yoghurt.is_new, yoghurt.title) == ("model", True, "yoghurt")
    cream, cheese, rare = ben.recommendations
    assert (cream.reason, cream.reason_en) == ("popular", "new to them, popular in the shop")
    assert (cheese.reason, cheese.reason_en) == ("bought_with", "goes with “Soap”")
    assert rare.reason == "model"


def test_a_favourite_category_or_brand_is_a_reason(draw, a_log, catalogue):
    import numpy as np
    import polars as pl

    from limner.profiles.inputs import RankedInput

    log = a_log(
        ("a", "2024-01-01T10:00", "purchase", "milk", "1", 1.0),
        ("b", "2024-01-01T10:00", "purchase", "bread", "1", 1.0),
    )
    bread = catalogue.head(1).with_columns(
        item_id=pl.lit("bread"), category=pl.lit("Food > Bread"), brand=pl.lit("Alp")
    )
    ranked = RankedInput(
        "x", ["a", "b"], ["cheese", "cream"], np.array([[0], [1]]), np.ones((2, 1))
    )
    found = draw(log, listed=pl.concat([catalogue, bread]), ranked=ranked)
    assert found["a"].recommendations[0].reason == "same_category"
    assert (
        found["a"].recommendations[0].reason_en == "new to them, from Dairy, 100 % of their spend"
    )
    assert found["b"].recommendations[0].reason == "same_brand"
