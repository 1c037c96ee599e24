"""``limner pretrain`` and its mistakes; what it does is in ``test_behaviour.py``."""


def test_a_cut_before_the_log_is_a_mistake(ask, ingested):
    result = ask("pretrain", "--workspace", ingested, "--cut", "1999-01-01")
    assert result.exit_code == 2
    assert "error:" in result.stderr
