"""Learn every question, and draw every customer's profile."""

from limner.cli.console import emit, narrate, show
from limner.cli.cuts import day_of
from limner.cli.options import AsJson, CutOption, QuestionOption, SeedOption, WorkspaceOption
from limner.cli.progress import bar
from limner.cli.workspace import Workspace

__all__ = ["fit"]


def fit(
    cut: CutOption = None,
    question: QuestionOption = None,
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Learn every question as of a moment, and draw every customer's profile.

    Example: limner fit --cut 2024-06-01
    """
    shop = Workspace(workspace)
    with bar("learning") as progress:
        learned = shop.fit(cut, questions=question or (), seed=seed, progress=progress)
    for note in learned.notes:
        narrate(f"note: {note}")
    if as_json:
        emit(learned.to_dict())
    show(
        f"{learned.profiles:,} profiles as of {day_of(learned.as_of, shop)},"
        f" with answers to {', '.join(learned.questions)}",
        aside=as_json,
    )
    narrate("next: limner profile show ID, limner recommend ID, limner evaluate")
