"""The mistakes of ``limner reviews``; what it does is in ``tests/cli/test_reviews.py``."""

from limner.cli.commands import reviews


def test_without_a_text_it_is_a_mistake_with_a_hint(ask, ingested):
    result = ask("reviews", "--workspace", ingested)
    assert result.exit_code == 2
    assert "nobody wrote anything" in result.stderr
    assert callable(reviews.reviews)
