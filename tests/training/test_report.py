import re
from html.parser import HTMLParser

import pytest

from limner.training import Scoreboard, score
from limner.training.report import Note, page, write_report

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
