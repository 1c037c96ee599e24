"""The mistakes of ``limner items``; what it does is in ``tests/cli/test_items.py``."""


def test_without_a_model_it_says_how_to_name_one(ask, ingested):
    result = ask("items", "--workspace", ingested)
    assert result.exit_code == 2
    assert "[text] encoder" in result.stderr
