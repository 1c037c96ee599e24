"""How results look in a pipe."""

from limner.cli.console import show
from limner.cli.tables import card, recommendation_table
from limner.profiles.record import Recommendation

EVIL = "\x1b[2J[bold]free[/bold]"


def recommendation(title):
    return Recommendation(
        item_id="p1",
        title=title,
        score=1.0,
        source="reranked",
        reason="popular",
        is_new=True,
        reason_en="many bought it",
        reason_zh="很多人买过",
    )


def test_a_title_from_a_log_is_printed_as_it_is_but_steers_nothing(capsys):
    show(recommendation_table([recommendation(EVIL)]))
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "[bold]free[/bold]" in out
    assert "many bought it" in out


def test_the_reasons_come_in_both_languages(capsys):
    show(recommendation_table([recommendation("tea")], language="zh"))
    assert "很多人买过" in capsys.readouterr().out


def test_the_card_is_plain_text_in_a_pipe(learned):
    from limner.cli.workspace import Workspace

    profile = next(Workspace(learned).profiles())
    assert isinstance(card(profile), str)
    assert profile.customer_id in card(profile)
