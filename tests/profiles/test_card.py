"""The card for notebooks."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from limner.profiles.predictions import Described, Expected
from limner.profiles.record import Attribute, Profile

EVIL = "<script>alert('&\"')</script>"
VOID = {"input", "br"}


class Whole(HTMLParser):
    """Checks that what is opened is closed, and keeps the words and the addresses."""

    def __init__(self):
        super().__init__()
        self.open, self.words, self.links, self.tags = [], [], [], set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in {"src", "href"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.words.append(data)


def read(html):
    page = Whole()
    page.feed(html)
    assert page.open == []
    return page


def test_the_card_is_whole_and_needs_no_network_and_no_script(profiles):
    for profile in profiles.values():
        page = read(profile._repr_html_())
        assert page.links == []
        assert "script" not in page.tags
        assert "http" not in profile.to_html()
        assert profile.customer_id in page.words


def test_it_holds_both_languages_and_opens_in_one(ann):
    words = " ".join(read(ann.to_html()).words)
    assert "Champions" in words
    assert "重要价值客户" in words
    assert "checked>" not in ann.to_html("en").replace("checked aria", "")
    assert 'class="limner-zh" checked' in ann.to_html("zh")
    assert 'class="limner-zh" checked' not in ann.to_html("en")


def test_what_comes_from_data_is_escaped(ann):
    evil = replace(
        ann,
        customer_id=EVIL,
        currency=EVIL,
        model_version=EVIL,
        identity=replace(ann.identity, aliases=(EVIL,), attributes=(Attribute(EVIL, EVIL),)),
        traits=tuple(
            replace(
                each,
                name=each.name if each.name == "recency_days" else EVIL,
                unit=EVIL,
                evidence=tuple(replace(e, kind=EVIL, order_id=EVIL) for e in each.evidence),
            )
            for each in ann.traits
        ),
        categories=tuple(replace(each, key=EVIL, name=EVIL) for each in ann.categories),
        kinds=tuple(replace(each, kind=EVIL) for each in ann.kinds),
        described=Described(EVIL, 1.0, (Expected(EVIL, 30, 0.5, EVIL, "probability", EVIL),)),
        predictions=tuple(
            replace(
                each,
                question=EVIL,
                unit=EVIL,
                title_en=EVIL,
                title_zh=EVIL,
                classes=tuple(replace(c, name=EVIL) for c in each.classes),
                factors=tuple(replace(f, name=EVIL) for f in each.factors),
            )
            for each in ann.predictions
        ),
        recommendations=tuple(
            replace(each, item_id=EVIL, title=EVIL, source=EVIL, reason_en=EVIL, reason_zh=EVIL)
            for each in ann.recommendations
        ),
        summary=tuple(
            replace(each, text_en=EVIL, text_zh=EVIL, evidence=(EVIL,)) for each in ann.summary
        ),
    )
    assert "script" not in read(evil.to_html()).tags
    assert "<script" not in evil.to_html()
    assert EVIL in read(evil.to_html()).words


def test_a_profile_of_almost_nothing_has_a_card(draw, a_log):
    bare = draw(a_log(("a", "2024-01-01T00:00", "message", None, None, None)))["a"]
    assert "not a buyer yet" in " ".join(read(bare.to_html()).words)
    none = replace(bare, summary=(), value=type(bare.value)())
    assert "tiles" not in none.to_html().split("</style>")[1]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_evidence_stands_in_the_tooltip(ann, language):
    assert isinstance(ann, Profile)
    assert "purchase 2024-02-20 09:10, order a4" in ann.to_html(language)
