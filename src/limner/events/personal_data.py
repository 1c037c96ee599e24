"""What in a customer's words tells who somebody is, found and masked, in English and Chinese.

Regular expressions and, where a number carries its own proof, that proof: the sum of a card
(ISO/IEC 7812-1), of a bank account (ISO 13616) and of a Chinese identity number (GB 11643-1999).
Whatever is doubtful is masked: a review that lost an order's number tells as much as before.
"""

# ruff: noqa: RUF001 - wide letters and Chinese punctuation are meant
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

__all__ = ["PERSONAL_KINDS", "mask_column", "mask_personal"]

PERSONAL_KINDS = ("email", "card", "iban", "id", "phone", "contact", "address", "name")
"""What is found; a mask is the kind in square brackets."""

_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
"""Wide letters and digits, which Chinese keyboards write, as narrow ones: place by place."""
_HAN = "\u4e00-\u9fff"
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟"
    "姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫雷侯龙史陶贺顾毛郝龚邵万覃武钱戴严莫孔向常汤"
)
_ROADS = "路|街|大道|巷|弄|胡同"
_CUES = re.compile(
    r"[@＠\d]|[Mm](?:r|rs|s|iss)\b|Dr|Prof|[Nn]ame is|egards|incerely|heers|wechat|[Ww][Xx]|QQ|qq"
    r"|我叫|姓名|收[货件]人|联系人|微信|先生|女士|小姐|太太|师傅|老师|经理"
)
"""Without any of these nothing is found: so most texts cost one search."""


@dataclass(frozen=True, slots=True)
class _Finder:
    """One way of finding a kind; ``group`` is what is masked, ``proof`` what it must fulfil."""

    kind: str
    pattern: re.Pattern[str]
    group: int = 0
    proof: Callable[[str], bool] | None = None


def mask_personal(text: str) -> tuple[str, Counter[str]]:
    """Return a text with masks in place of personal data, and how many of each kind there were.

    Masking twice is masking once.

    Parameters
    ----------
    text
        What a customer wrote or searched.

    Examples
    --------
    >>> mask_personal("Call Mr. Smith on +44 20 7946 0958 or s@example.org")
    ('Call Mr. [name] on [phone] or [email]', Counter({'name': 1, 'phone': 1, 'email': 1}))
    """
    if _CUES.search(text) is None:
        return text, Counter()
    narrow = text.translate(_NARROW)
    spans: list[tuple[int, int, str]] = []
    taken = bytearray(len(text))
    for finder in _FINDERS:
        for found in finder.pattern.finditer(narrow):
            begin, end = found.span(finder.group)
            if begin == end or (finder.proof and not finder.proof(narrow[begin:end])):
                continue
            if finder.kind == "address" and finder.group:
                begin = _address_begins(narrow, begin)
            if not any(taken[begin:end]):
                taken[begin:end] = b"\x01" * (end - begin)
                spans.append((begin, end, finder.kind))
    parts, at = [], 0
    for begin, end, kind in sorted(spans):
        parts += [text[at:begin], f"[{kind}]"]
        at = end
    return "".join([*parts, text[at:]]), Counter(kind for _, _, kind in sorted(spans))


def mask_column(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return texts with masks, and which of them were changed; nothing stays nothing.

    Only distinct texts with a cue are looked at one by one.
    """
    changed = {}
    for text in texts.drop_nulls().unique().to_list():
        masked, found = mask_personal(text)
        if found:
            changed[text] = masked
    if not changed:
        return texts, pl.Series([False]).new_from_index(0, len(texts))
    masks = pl.Series(texts.name, list(changed.values()))
    new = texts.replace(pl.Series(list(changed)), masks)
    return new, texts.is_in(list(changed)).fill_null(value=False)


def _luhn(text: str) -> bool:
    digits = [int(each) for each in text if each.isdigit()]
    doubled = [
        each if at % 2 == 0 else (2 * each - 9 * (each > 4)) for at, each in enumerate(digits[::-1])
    ]
    return sum(doubled) % 10 == 0 and len(set(digits)) > 1


def _account(text: str) -> bool:
    plain = text.replace(" ", "")
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(each, 36)) for each in turned)) % 97 == 1


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def _chinese_id(text: str) -> bool:
    total = sum(int(each) * weight for each, weight in zip(text, _WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == text[-1].upper()


def _is_phone(text: str) -> bool:
    """Return whether a number is as long as a phone's, and no date."""
    count = sum(each.isdigit() for each in text)
    return 7 <= count <= 15 and re.fullmatch(r"\d{4}-\d\d?-\d\d?", text) is None


def _address_begins(text: str, road: int) -> int:
    """Return where an address begins whose road was found: its Chinese run, without what leads."""
    begin = road
    while begin > 0 and road - begin < 24 and re.match(rf"[{_HAN}\d]", text[begin - 1]):
        begin -= 1
    run = text[begin:road]
    leads = [run.rfind(lead) for lead in ("住在", "寄到", "送到", "地址", "址是", "就在", "位于")]
    return begin + max(leads) + 2 if max(leads) >= 0 else begin


def _finder(
    kind: str, pattern: str, *, group: int = 0, proof: Callable[[str], bool] | None = None
) -> _Finder:
    return _Finder(kind, re.compile(pattern), group, proof)


_FINDERS = (
    _finder(
        "email",
        r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]+@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}",
    ),
    _finder(
        "iban",
        r"(?<![A-Za-z0-9])[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])",
        proof=_account,
    ),
    _finder(
        "id",
        r"(?<!\d)[1-9]\d{5}(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![A-Za-z0-9])",
        proof=_chinese_id,
    ),
    _finder("id", r"(?<![\d-])\d{3}-\d\d-\d{4}(?![\d-])"),
    _finder("card", r"(?<![\d.])[3-6]\d(?:[ -]?\d){11,17}(?!\d)", proof=_luhn),
    _finder(
        "contact",
        r"(?:微信号?|wechat|WeChat|[Ww][Xx]|QQ号?|qq号?)[是为:： ]{0,3}([A-Za-z0-9_-]{5,20})",
        group=1,
    ),
    _finder(
        "phone", r"(?<![\d.])(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)", proof=_is_phone
    ),
    _finder("phone", r"(?<!\d)\+\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,6}(?!\d)", proof=_is_phone),
    _finder("phone", r"(?<![\d.])(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?!\d)", proof=_is_phone),
    _finder("phone", r"(?<![\d.])\(?0\d{2,4}\)?[ -]\d{6,8}(?!\d)", proof=_is_phone),
    _finder(
        "phone",
        r"(?:[Tt]el|[Pp]hone|[Mm]obile|[Cc]all(?: me)?(?: on| at)?|电话|手机号?|联系方式)"
        r"[.:： 是]{0,3}(\+?\d(?:[ -]?\d){5,13}\d)(?!\d)",
        group=1,
        proof=_is_phone,
    ),
    _finder(
        "address",
        r"\b\d{1,5}[A-Za-z]? (?:[A-Z][\w'-]{0,20}\.? ){1,4}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|"
        r"Drive|Dr|Boulevard|Blvd|Court|Ct|Square|Sq|Place|Pl|Terrace|Highway|Hwy|Parkway|Pkwy)\b"
        r"\.?(?:,? (?:Apt|Suite|Unit|Flat|#)\.? ?\w{1,6})?",
    ),
    _finder(
        "address",
        rf"((?:{_ROADS})\d{{1,5}}(?:弄|号)(?:\d{{1,5}}(?:号楼|号|栋|幢|楼|单元|室|层)){{0,4}}"
        r"(?:\d{1,5}(?!\d))?)",
        group=1,
    ),
    _finder(
        "name",
        r"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof)\b\.? ([A-Z][a-z'-]{1,20}(?: [A-Z][a-z'-]{1,20})?)",
        group=1,
    ),
    _finder(
        "name",
        r"\b(?:[Mm]y name is|[Rr]egards,?|[Ss]incerely,?|[Cc]heers,?)\s+"
        r"([A-Z][a-z'-]{1,20}(?: [A-Z][a-z'-]{1,20})?)",
        group=1,
    ),
    _finder(
        "name",
        rf"(?:我叫|姓名|收[货件]人|联系人)[是为:： ]{{0,3}}([{_SURNAMES}][{_HAN}]{{1,2}})",
        group=1,
    ),
    _finder(
        "name",
        rf"([{_SURNAMES}][{_HAN}]{{0,2}}?)(?=先生|女士|小姐|太太|师傅|老师|经理)",
        group=1,
    ),
)
"""In this order: what was found first is not looked at again."""
