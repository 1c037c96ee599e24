"""tmp"""


def card_text(profile: object, language: str, *, width: int) -> str:
    return ""
