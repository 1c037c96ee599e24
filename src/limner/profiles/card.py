"""tmp"""


def card_html(profile: object, language: str) -> str:
    return ""
