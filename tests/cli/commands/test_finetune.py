"""``limner finetune`` and its mistakes; what it does is in ``test_tuning.py``."""

import json

SMALL = "\n[model]\nwidth = 12\n[pretrain]\nsteps = 2\ncustomers = 16\n[finetune.loop]\nsteps = 1\n"


def test_it_tells_how_many_weights_learned_and_where_they_lie(ask, quick):
    with (quick / "limner.toml").open("a") as file:
        file.write(SMALL)
    assert ask("pretrain", "--workspace", quick, "--cut", "2024-05-01").exit_code == 0
    result = ask(
        *("finetune", "churn", "--workspace", quick),
        *("--method", "top", "--labels", "0.5", "--json"),
    )
    assert result.exit_code == 0, result.stderr
    done = json.loads(result.stdout)
    assert done["method"] == "top"
    assert done["labels"] == 0.5
    assert done["folder"] == str(quick / "models" / "tuned" / "churn" / "top-0.5")
    assert f"{done['trained']:,} weights learned by top" in result.stderr
    assert "limner evaluate --ladder --question churn" in result.stderr


def test_before_pretraining_and_for_an_unknown_way_it_is_a_mistake(ask, quick):
    result = ask("finetune", "churn", "--workspace", quick)
    assert result.exit_code == 2
    assert "limner pretrain" in result.stderr
    with (quick / "limner.toml").open("a") as file:
        file.write(SMALL)
    assert ask("pretrain", "--workspace", quick, "--cut", "2024-05-01").exit_code == 0
    result = ask("finetune", "churn", "--workspace", quick, "--method", "lorra")
    assert result.exit_code == 2
    assert "lora" in result.stderr


def test_a_share_of_labels_above_all_is_a_mistake(ask, quick):
    result = ask("finetune", "churn", "--workspace", quick, "--labels", "1.5")
    assert result.exit_code == 2
