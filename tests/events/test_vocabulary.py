"""Column names in two languages, whatever the way of writing them."""

import pytest

from limner.events.vocabulary import plain


@pytest.mark.parametrize("name", ["Customer ID", "customerId", "customer_id", "CUSTOMER-ID"])
def test_a_name_is_the_same_however_it_is_written(name):
    assert plain(name) == "customerid"


def test_chinese_names_stay():
    assert plain("用户ID") == "用户id"
