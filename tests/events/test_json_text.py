"""JSON lines as text: what can be read is, what cannot is passed over when sampling."""

from limner.events.json_text import flatten, sample_json_lines


def test_a_sample_passes_over_a_broken_line():
    start = b'{"a": 1, "b": {"c": "x"}}\n{broken\n{"a": 2}\n'
    assert sample_json_lines(start, rows=5) == [{"a": 1, "b": {"c": "x"}}, {"a": 2}]


def test_what_lies_within_is_named_by_its_path():
    assert flatten([{"a": 1, "b": {"c": "x"}}]).rows(named=True) == [{"a": "1", "b.c": "x"}]
