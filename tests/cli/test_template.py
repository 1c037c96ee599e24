"""A new ``limner.toml`` asks what can be asked, and each of its hints works once uncommented."""

import re
import tomllib

from limner import plugins
from limner.cli.settings import Shop, read_settings
from limner.cli.template import DEMO_QUESTIONS, QUESTIONS, render_settings
from limner.heads import questions
from limner.heads.question import read_questions


def test_every_question_it_asks_is_built_in():
    assert set(QUESTIONS) < set(DEMO_QUESTIONS) <= set(plugins.names(questions))


def test_the_demo_asks_every_built_in_question():
    # Hardly anybody of the panel buys what is new: `benchmarks/cold_items.py` asks that.
    assert set(DEMO_QUESTIONS) == set(plugins.names(questions)) - {"arrivals"}


def test_its_questions_are_answers_to_the_remarks_beside_them():
    """The remarks name horizons; a changed default must change them too."""
    read = read_questions({name: {} for name in QUESTIONS})
    for name, remark in QUESTIONS.items():
        days = re.search(r"(\d+) days", remark)
        assert days is not None
        assert read[name].horizon_days == int(days[1])


def test_every_commented_setting_is_a_setting(tmp_path):
    text = render_settings(Shop(name="x"))
    lines = [line.removeprefix("# ") for line in text.splitlines()]
    settings = [line for line in lines if re.match(r"(\[|\w+ = )", line)]
    path = tmp_path / "limner.toml"
    path.write_text("\n".join(settings), encoding="utf-8")
    tomllib.loads(path.read_text(encoding="utf-8"))
    read = read_settings(path)
    assert read.fit.cut is not None
    assert read_questions(read.questions)["fish_soon"].horizon_days == 7
