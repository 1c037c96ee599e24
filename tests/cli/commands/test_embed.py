"""``limner embed`` and its mistakes; what it does is in ``test_behaviour.py``."""


def test_without_a_model_it_is_a_mistake_with_a_hint(ask, ingested, tmp_path):
    result = ask("embed", "--out", tmp_path / "b.parquet", "--workspace", ingested)
    assert result.exit_code == 2
    assert "limner pretrain" in result.stderr
