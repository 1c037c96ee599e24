"""Personal data is masked in English and Chinese, and nothing else is."""

# ruff: noqa: RUF001 - wide letters and Chinese punctuation are meant
import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.events.personal_data import PERSONAL_KINDS, mask_column, mask_personal

FOUND = [
    ("write to jane.doe+shop@mail.example.co.uk, thanks", "write to [email], thanks"),
    ("邮箱ｚｈａｎｇ＠ｅｘａｍｐｌｅ．ｃｏｍ", "邮箱[email]"),
    ("paid with 4111 1111 1111 1111 today", "paid with [card] today"),
    ("卡号4111111111111111。", "卡号[card]。"),
    ("transfer to DE89 3704 0044 0532 0130 00 please", "transfer to [iban] please"),
    ("身份证11010519491231002X号", "身份证[id]号"),
    ("my number 078-05-1120", "my number [id]"),
    ("打我电话13812345678", "打我电话[phone]"),
    ("手机：１３８－１２３４－５６７８", "手机：[phone]"),
    ("+86 138 1234 5678", "[phone]"),
    ("座机010-62345678", "座机[phone]"),
    ("ring +44 20 7946 0958", "ring [phone]"),
    ("(212) 555-0123 is mine", "[phone] is mine"),
    ("Phone: 5550 12345", "Phone: [phone]"),
    ("加微信abc_12345吧", "加微信[contact]吧"),
    ("QQ:12345678", "QQ:[contact]"),
    ("I live at 221B Baker Street, Flat 3", "I live at [address]"),
    ("12 Old Mill Rd. is closed", "[address] is closed"),
    ("我住在北京市朝阳区建国路88号5号楼1201室", "我住在[address]"),
    ("地址：上海市徐汇区漕溪北路398号", "地址：[address]"),
    ("Dear Mr. John Smith,", "Dear Mr. [name],"),
    ("my name is Anna Kowalska and", "my name is [name] and"),
    ("Kind regards, Peter", "Kind regards, [name]"),
    ("我叫王小明，很满意", "我叫[name]，很满意"),
    ("收货人：李雷", "收货人：[name]"),
    ("客服张女士态度好", "客服[name]女士态度好"),
]
KEPT = [
    "",
    "a fine shirt, size 42, worn 3 times since 2024-01-05",
    "ordered on 2023-11-30 at 10:45, arrived 12 days later",
    "SET/2 RED RETROSPOT TEA TOWELS 16 OZ",
    "costs 1299.00, was 1599.99",
    "model 4111 1111 1111 1112",
    "version 10.2.345.6789",
    "the street is nice; 5 stars",
    "Mr is a title",
    "小姐姐很喜欢，先生也说好",
    "质量好，3号到的，5天",
    "店里3号到货",
    "电脑i7 16G 512G 运行很快",
    "价格从399降到299，第2件半价",
]


@pytest.mark.parametrize(("text", "masked"), FOUND)
def test_personal_data_is_masked(text, masked):
    said, found = mask_personal(text)
    assert said == masked
    assert sum(found.values()) == len(re.findall(r"\[\w+\]", masked))
    assert set(found) <= set(PERSONAL_KINDS)


@pytest.mark.parametrize("text", KEPT)
def test_nothing_else_is(text):
    assert mask_personal(text) == (text, {})


@given(st.text(max_size=200))
def test_masking_twice_is_masking_once(text):
    once, _ = mask_personal(text)
    assert mask_personal(once)[0] == once


AROUND = st.text(st.sampled_from("ab ,.好的\n"), max_size=6)


@given(AROUND, st.sampled_from([one for one, _ in FOUND][:12]), AROUND)
def test_what_stands_around_hides_nothing(before, text, after):
    masked, found = mask_personal(f"{before} {text} {after}")
    assert found
    assert not re.search(r"\d{7}", masked)


@given(st.integers(10**14, 10**15 - 1))
def test_a_card_is_known_by_its_sum(body):
    digits = f"4{body:015d}"[:15]
    doubled = [int(each) * (2 if at % 2 == 0 else 1) for at, each in enumerate(digits)]
    check = -sum(each - 9 if each > 9 else each for each in doubled) % 10
    right, wrong = f"x {digits}{check} x", f"x {digits}{(check + 1) % 10} x"
    assert mask_personal(right)[0] == "x [card] x"
    assert mask_personal(wrong)[0] == wrong


def test_a_column_is_masked_and_nothing_stays_nothing():
    texts = pl.Series("text", ["a@b.example", None, "fine", "a@b.example", ""])
    masked, changed = mask_column(texts)
    assert masked.to_list() == ["[email]", None, "fine", "[email]", ""]
    assert changed.to_list() == [True, False, False, True, False]
    assert (
        mask_column(pl.Series("text", [None, "fine"], dtype=pl.String))[1].to_list() == [False] * 2
    )


def test_a_megabyte_takes_no_longer_than_its_length():
    for text in ("1" * 10**6, "好1路" * 300_000, "A1 " * 300_000, "@" * 10**6, "a@a." * 250_000):
        assert mask_personal(text)[0]
