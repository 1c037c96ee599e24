"""An address is taken apart, and nobody's secret is in the name that is kept."""

import pytest

from limner.errors import BadConfig
from limner.service.stream import Address


@pytest.mark.parametrize(
    ("text", "name", "host", "path"),
    [
        ("follow:a/b.jsonl", "follow:a/b.jsonl", "", "a/b.jsonl"),
        ("follow:///a/b.jsonl?form=ga4", "follow:/a/b.jsonl", "", "/a/b.jsonl"),
        ("kafka://h:1,i:2/orders", "kafka://h:1,i:2/orders", "h:1,i:2", "/orders"),
        ("nats://u:p@h:4/shop.>", "nats://h:4/shop.>", "h:4", "/shop.>"),
        ("redis://:secret@h/orders?db=2", "redis://h/orders", "h", "/orders"),
        ("redis://h/orders?name=till&db=2", "till", "h", "/orders"),
    ],
)
def test_it_is_taken_apart(text, name, host, path):
    address = Address.read(text)
    assert (address.name, address.host, address.path) == (name, host, path)


@pytest.mark.parametrize("text", ["", "orders.jsonl", "follow:", "C-3:x"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(BadConfig, match="a stream must be SCHEME:ADDRESS"):
        Address.read(text)


def test_options_that_cannot_be_read_are_refused():
    with pytest.raises(BadConfig, match=r"options must be written as \?name=value"):
        Address.read("kafka://h/t?group")
    with pytest.raises(BadConfig) as bad:
        Address.read("kafka://h/t?grup=x").only("group")
    assert bad.value.hint == "did you mean 'group'?"
