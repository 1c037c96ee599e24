"""What to offer a customer, from the command line."""

import json

import pytest

from limner.cli.workspace import Workspace


@pytest.fixture
def someone(learned):
    return max(Workspace(learned).profiles(), key=lambda each: len(each.recommendations))


def test_json_is_a_list_of_as_many_items_as_asked(ask, learned, someone):
    result = ask("recommend", someone.customer_id, "-k", "4", "--workspace", learned, "--json")
    assert result.exit_code == 0, result.stderr
    items = json.loads(result.stdout)
    assert [item["item_id"] for item in items] == [
        item.item_id for item in someone.recommendations[:4]
    ]
    assert all(item["reason_en"] and item["reason_zh"] for item in items)


def test_the_table_says_why(ask, learned, someone):
    result = ask("recommend", someone.customer_id, "-k", "2", "--workspace", learned)
    assert result.exit_code == 0
    assert someone.recommendations[0].item_id in result.stdout


def test_more_than_there_are_gives_what_there_is_and_says_so(ask, learned, someone):
    result = ask("recommend", someone.customer_id, "-k", "5000", "--workspace", learned, "--json")
    assert result.exit_code == 0
    assert len(json.loads(result.stdout)) >= len(someone.recommendations)
    assert "asked for 5000 items, there are" in result.stderr


def test_everybody_is_offered_something(learned):
    shop = Workspace(learned)
    for profile in shop.profiles():
        assert len(shop.recommend(profile.customer_id, k=3)) == 3
        assert all(each.is_new for each in shop.recommend(profile.customer_id, k=3, new_only=True))


def test_a_stranger_is_offered_what_is_popular_and_it_is_said(ask, learned):
    result = ask("recommend", "nobody", "-k", "3", "--workspace", learned, "--json")
    assert result.exit_code == 0
    assert {item["reason"] for item in json.loads(result.stdout)} == {"popular"}
    assert "nobody in the log is called 'nobody'" in result.stderr
