# ruff: noqa: RUF001 - Chinese punctuation is meant
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from limner.training import Scoreboard, score
from limner.training.report import Note, page, write_report
from limner.training.slices import last_against_first, score_slices

VOID = {"meta", "input", "br"}
NOTES = [
    Note(
        ("Provenance", "数据来源"),
        [("The panel is simulated.", "面板数据为模拟。")],
        {("households", "家庭"): "2,469", "cut": "2017-12-01"},
    ),
    Note("Tried <and> left"),
]


@pytest.fixture(scope="module")
def asked(whether, rare, which, how_much, what_next):
    return [whether, rare, which, how_much, what_next]


@pytest.fixture(scope="module")
def board(asked):
    rows = [row for answers in asked for row in score(answers, seed=0, resamples=30)]
    return Scoreboard.of(rows, seed=0, resamples=30)


@pytest.fixture(scope="module")
def html(board, asked):
    return page(board, asked, NOTES)


class Balance(HTMLParser):
    """Reads a page and remembers what is open; svg marks close themselves."""

    def __init__(self):
        super().__init__()
        self.open, self.problems = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(tag)


def test_the_page_is_whole(html):
    reader = Balance()
    reader.feed(html)
    assert reader.open == []
    assert reader.problems == []


def test_it_opens_without_a_network(html):
    assert not re.search(r"https?:|//[a-z]|@import|url\(|src=|<link", html)
    assert "default-src 'none'" in html


def test_every_text_is_there_in_both_languages(html):
    assert html.count('class="en"') == html.count('class="zh"') > 100
    for words in ("Reliability", "可靠性", "Cumulative gains", "累积增益", "数据来源"):
        assert words in html


def test_every_picture_says_what_it_shows(html):
    pictures = re.findall(r'<svg viewBox="[^"]+" role="img".*?</svg>', html, flags=re.DOTALL)
    # Six for whether, seven for which, six for how much, four for what next.
    assert len(pictures) == 23
    for picture in pictures:
        assert re.search(r'aria-label="[^"]+"><title>[^<]+</title><desc>[^<]+</desc>', picture)
        assert "nan" not in picture
        assert "inf" not in picture


def test_names_from_the_data_are_escaped(html):
    assert "<b>class</b>" not in html
    assert "&lt;b&gt;class" in html
    assert "Tried &lt;and&gt; left" in html


def test_too_few_positives_are_said_not_drawn(html):
    section = html[html.index('id="q2"') : html.index('id="q3"')]
    assert "37 positives, fewer than 200" in section
    assert "正例 37 个" in section
    assert "<svg" not in section


@pytest.fixture(scope="module")
def sliced(whether, what_next, board):
    orders = np.repeat([0, 3, 9], [20, 380, 400])
    known = [
        replace(whether, orders=orders),
        replace(what_next, orders=orders, new=np.arange(40) % 4 == 0),
    ]
    slices = [row for each in known for row in score_slices(each, seed=0, resamples=30)]
    later = [replace(row, cut=row.cut.replace(year=2018)) for row in board]
    drift = last_against_first([*board, *later])
    return Scoreboard.of([*board, *later], seed=0, resamples=30, slices=[*slices, *drift])


def test_slices_stand_below_their_question_in_both_languages(sliced):
    html = page(sliced, [])
    section = html[html.index('id="q1"') : html.index('id="q2"')]
    for told in ("2 to 4 orders before", "此前 2–4 单", "auroc · 380"):
        assert told in section
    assert "items new to the shop" not in section
    assert "1 order before: nobody was asked" in section
    assert "此前 1 单：无人被问及" in section
    assert re.search(r"no order before: \d+ positives, fewer than 200", section)
    ranked = html[html.index('id="q5"') : html.index('id="q6"')]
    assert "items new to the shop" in ranked
    assert "recall@10 · 800" in ranked
    reader = Balance()
    reader.feed(html)
    assert reader.open == reader.problems == []


def test_the_last_cut_stands_beside_the_first(sliced):
    html = page(sliced, [])
    last = html[html.index('id="q6"') : html.index('id="q7"')]
    assert "this cut against the first" in last
    assert "与首个时间点相比" in last
    table = last[last.index("<tbody>", last.index("<h3>")) :].partition("</table>")[0]
    assert "+0.000" in table
    assert "reference" not in table
    assert "this cut against the first" not in html[: html.index('id="q6"')]
    few = html[html.index('id="q7"') : html.index('id="q8"')]
    assert "<svg" not in few


@pytest.fixture(scope="module")
def climbed(whether):
    said = whether.predictions
    rungs = ("fused", "full", "automatic", "frozen_boosted", "hand_made", "base", "lora")
    return replace(
        whether,
        predictions={name: said.get(name, said["automatic"]) for name in rungs},
        seconds={"full": 12.345, "lora": 1234.5},
        trained={"full": 34_211, "lora": 1_200},
    )


def test_the_ladder_stands_in_its_order_with_seconds_and_weights(climbed):
    rows = score(climbed, seed=0, resamples=30)
    html = page(Scoreboard.of(rows, seed=0, resamples=30), [climbed])
    table = html[html.index('class="ladder"') :].partition("</table>")[0]
    names = re.findall(r'<th scope="row">.*?</th>', table)
    found = [re.sub(r"<[^>]+>", "|", name) for name in names]
    expected = (
        "hand-made RFM",
        "automatic block",
        "frozen, boosted",
        "LoRA",
        "fully tuned",
        "fused",
    )
    assert len(found) == len(expected)
    for name, wanted in zip(found, expected, strict=True):
        assert wanted in name
    assert "34,211" in table
    assert "1,234.5" in table
    assert "12.3" in table
    for told in ("训练的参数", "冻结向量+提升树", "LoRA 微调", "融合", "95 % interval"):
        assert told in table
    assert "阶梯" in html
    reader = Balance()
    reader.feed(html)
    assert reader.open == reader.problems == []
    bare = page(Scoreboard.of(rows, seed=0, resamples=30), [])
    assert "34,211" not in bare
    assert 'class="ladder"' in bare


def test_without_rungs_that_learned_there_is_no_ladder(html):
    assert "ladder" not in html


def test_what_each_modality_adds_stands_below_its_question(board, asked):
    row = next(row for row in board if row.value is not None)
    rows = [
        replace(row, modality=name, beside=beside, delta=0.02, delta_low=0.01, delta_high=0.03)
        for name in ("sequence", "text")
        for beside in ("counts", "others")
    ]
    html = page(replace(board, modalities=tuple(rows)), asked)
    reader = Balance()
    reader.feed(html)
    assert (reader.open, reader.problems) == ([], [])
    for text in ("What each modality adds", "各模态的增益", "words of items", "商品文字"):
        assert text in html
    assert "各模态的增益" not in page(board, asked)


def test_without_slices_there_is_no_such_table(html):
    assert "Little known and well known" not in html


def test_a_question_without_its_answers_has_a_table_but_no_pictures(board):
    html = page(board, [])
    assert "<table" in html
    assert 'role="img"' not in html


def test_an_empty_scoreboard_makes_an_empty_page():
    assert "</html>" in page(Scoreboard(()), [])


def test_several_cuts_are_named(board, asked):
    later = [type(row)(**{**_fields(row), "cut": row.cut.replace(year=2018)}) for row in board]
    html = page(Scoreboard((*board.rows, *later)), asked)
    assert html.count('<span class="code">2018-12-01</span>') == 10


def _fields(row):
    return {name: getattr(row, name) for name in row.__slots__}


def test_it_is_written_whole(tmp_path, board, asked):
    write_report(tmp_path / "report.html", scoreboard=board, answers=asked, notes=NOTES)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page(board, asked, NOTES)
