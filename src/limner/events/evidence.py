"""Evidence that two names belong to one person: what a call says, once, however often it is sent.

A name is written ``type:value``. Evidence forms a set: of one pair and rule the earliest call
stays, of decisions by hand (:data:`DECISIONS`) the latest; so neither order nor repetition of
arrivals makes a difference.
"""

import re
from collections.abc import Collection, Iterable

import polars as pl

__all__ = [
    "DECISIONS",
    "EVIDENCE_SCHEMA",
    "ID_KINDS",
    "KINDS",
    "NOBODY",
    "ids_in",
    "means_nobody",
    "name_of",
    "no_evidence",
    "of_id",
    "once",
    "value_of",
    "without",
]

EVIDENCE_SCHEMA = pl.Schema(
    {  # type: ignore[arg-type] # the classes are types of columns
        "a": pl.String,
        "b": pl.String,
        "rule": pl.String,
        "at": pl.Datetime("us", "UTC"),
        "call": pl.String,
    }
)
"""Columns of evidence: two names, ``a`` before ``b`` in the order of texts; by which rule they were
linked, when it happened, and the id of the call that said so, or who decided."""

ID_KINDS = ("user_id", "anonymous_id", "id")
"""Names under which events come: of known users, of visitors, and where it is not said of whom."""
KINDS = (*ID_KINDS, "email", "phone", "device", "external_id")
"""The types of names."""
DECISIONS = ("merge", "unmerge")
"""Rules that are decisions by hand: of these the latest counts, not the earliest."""
NOBODY = frozenset(
    [
        "",
        "-1",
        "anon",
        "anonymous",
        "default",
        "empty",
        "false",
        "guest",
        "n/a",
        "na",
        "nan",
        "nil",
        "none",
        "null",
        "test",
        "true",
        "undefined",
        "unknown",
        "user_id",
        "userid",
        "visitor",
        "(null)",
        "(none)",
        "(not set)",
        "[object object]",
        "1@1.com",
        "a@a.com",
        "asd@asd.com",
        "email@email.com",
        "example@example.com",
        "none@none.com",
        "noreply@noreply.com",
        "null@null.com",
        "test@example.com",
        "test@test.com",
        "匿名",
        "匿名用户",
        "匿名用戶",
        "未知",
        "未知用户",
        "未知用戶",
        "游客",
        "遊客",
        "访客",
        "訪客",
        "无",
        "無",
        "空",
        "测试",
        "測試",
        "测试用户",
        "默认",
        "未登录",
        "未登錄",
    ]
)
"""Values that many share because they mean nobody, in small letters; they never link."""
_NOUGHTS = re.compile(r"^[0\-+ ]+$")
_PHONE = re.compile(r"[^0-9+]")


def no_evidence() -> pl.DataFrame:
    """Return the empty frame of :data:`EVIDENCE_SCHEMA`."""
    return pl.DataFrame(schema=EVIDENCE_SCHEMA)


def name_of(kind: str, value: str) -> str:
    """Return a name as it is written, its value tidied: e-mails in small letters, phones as digits.

    Examples
    --------
    >>> name_of("email", " Ann@Shop.example "), name_of("phone", "+49 30 / 12 34")
    ('email:ann@shop.example', 'phone:+49301234')
    """
    value = value.strip().replace("\0", "")
    if kind in ID_KINDS:
        value = re.sub(r"^(\d+)\.0$", r"\1", value)
    elif kind == "email":
        value = value.lower()
    elif kind == "phone":
        value = _PHONE.sub("", value)
    return f"{kind}:{value}"


def means_nobody(value: str, more: Collection[str] = ()) -> bool:
    """Whether a value means nobody: ``null``, ``-1``, noughts, ``anonymous``, ``未知`` …

    ``more`` are further such values, in small letters.
    """
    plain = value.strip().casefold()
    return plain in NOBODY or bool(_NOUGHTS.match(plain)) or plain in more


def value_of(name: str) -> str:
    """Return the value of a name."""
    return name.partition(":")[2]


def of_id(name: str) -> bool:
    """Whether a name is one under which events come."""
    return name.partition(":")[0] in ID_KINDS


def without(evidence: pl.DataFrame, gone: Collection[str]) -> pl.DataFrame:
    """Return evidence that names none of some ids."""
    if not gone or evidence.is_empty():
        return evidence
    names = [f"{kind}:{who}" for who in gone for kind in ID_KINDS]
    wanted = pl.Series(names, dtype=pl.String).implode()
    return evidence.filter(~pl.col("a").is_in(wanted) & ~pl.col("b").is_in(wanted))


def ids_in(evidence: pl.DataFrame) -> set[str]:
    """Return all ids that evidence names."""
    names = {*evidence["a"].unique().to_list(), *evidence["b"].unique().to_list()}
    return {value_of(name) for name in names if of_id(name)}


def once(rows: pl.DataFrame | Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Return evidence with each pair and rule once, in the order of texts."""
    whole = rows if isinstance(rows, pl.DataFrame) else pl.concat([no_evidence(), *rows])
    if whole.is_empty():
        return no_evidence()
    key, decided = ["a", "b", "rule"], pl.col("rule").is_in(DECISIONS)
    ordered = whole.sort("at", "call", nulls_last=True)
    return pl.concat(
        [
            ordered.filter(~decided).unique(key, keep="first", maintain_order=True),
            ordered.filter(decided).unique(key, keep="last", maintain_order=True),
        ]
    ).sort(key)
