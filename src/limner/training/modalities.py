"""What each modality adds to what was counted, and to all the others: paired, by slices."""

from collections.abc import Iterator
from dataclasses import replace

from limner.errors import TooFew
from limner.heads.answers import Answers, Rankings
from limner.heads.methods.fused import Fused
from limner.heads.modalities import possible
from limner.heads.study import Study
from limner.training.evaluate import put_question
from limner.training.scoreboard import Row
from limner.training.scoring import FOREMOST, score
from limner.training.slices import ITEMS_METRIC, parts_of

__all__ = ["ALL", "COUNTS", "OTHERS", "gains", "tell_modalities", "variants"]

Said = Answers | Rankings

COUNTS, ALL, OTHERS = "counts", "all", "others"
"""Heads that read what was counted alone; heads that read every modality too; and what stands
beside a modality that is added last."""


def variants(study: Study) -> dict[str, Fused]:
    """Return the heads to compare: by counts alone, with each modality, with all, without each.

    None where no modality can say anything to the question.
    """
    names = possible(study)
    if not names:
        return {}
    found = {COUNTS: Fused(())} | {f"{COUNTS}+{one}": Fused((one,)) for one in names}
    if len(names) > 1:
        found[ALL] = Fused(names)
        found |= {
            f"{ALL}-{one}": Fused(tuple(each for each in names if each != one)) for one in names
        }
    if len(names) == 2:  # without the one is with the other alone
        found = {name: each for name, each in found.items() if not name.startswith(f"{ALL}-")}
    return found


def tell_modalities(study: Study, *, seed: int, resamples: int) -> list[Row]:
    """Put a question to heads with and without each modality, and say what each adds.

    Every modality is given in earnest, whatever the validation sample thinks of it; stacks still
    weigh their members by that sample.

    Raises
    ------
    TooFew
        If the question cannot be put.
    """
    tried = variants(study)
    if not tried:
        raise TooFew(f"{study.name}: there is no modality beside what was counted")
    said, _ = put_question(study, tried)
    return gains(said, seed=seed, resamples=resamples)


def gains(said: Said, *, seed: int, resamples: int = 1000) -> list[Row]:
    """Hold heads with a modality against the same without it.

    Parameters
    ----------
    said
        What the heads of :func:`variants` answered, by their names.
    seed, resamples
        As for :func:`limner.training.scoring.score`.

    Returns
    -------
    Rows of the method ``fused``: ``value`` with the ``modality``, ``delta`` what that is above
    the value without it, paired over customers. ``beside`` says what both had: ``counts``, or
    ``others``, everything else. The modality ``all`` is all of them. Of all customers and items,
    and then by the slices of :mod:`limner.training.slices`, of which items also ``items:tail`` and
    ``items:head``. Where there are too few, a row has no value but says so.
    """
    return [row for part in _parts(said) for row in _told(*part, seed=seed, resamples=resamples)]


def _parts(said: Said) -> Iterator[tuple[str, Said, str]]:
    yield "all", said, FOREMOST[said.shape]
    for name, part, metric in parts_of(said):
        if name != "items:known" and len(part):
            yield name, part, metric
    if isinstance(said, Rankings) and said.new is not None and said.tail is not None:
        yield "items:tail", said.sought_among(said.tail & ~said.new), ITEMS_METRIC
        yield "items:head", said.sought_among(~said.tail & ~said.new), ITEMS_METRIC


def _told(name: str, part: Said, metric: str, *, seed: int, resamples: int) -> Iterator[Row]:
    pairs: dict[tuple[str, str], tuple[str, str]] = {}
    names = [each.partition("+")[2] for each in part.methods if "+" in each]
    for one in names:
        pairs[one, COUNTS] = f"{COUNTS}+{one}", COUNTS
        if len(names) == 2:
            (other,) = (each for each in names if each != one)
            pairs[one, OTHERS] = ALL, f"{COUNTS}+{other}"
        elif len(names) > 2:
            pairs[one, OTHERS] = ALL, f"{ALL}-{one}"
    if len(names) > 1:
        pairs[ALL, COUNTS] = ALL, COUNTS
    # Heads that declined have no figure, nor has what would be held against them.
    pairs = {key: two for key, two in pairs.items() if set(two) <= set(part.methods)}
    for without in dict.fromkeys(other for _, other in pairs.values()):
        asked = {with_it: key for key, (with_it, other) in pairs.items() if other == without}
        some = _only(part, (without, *asked))
        rows = score(
            some,
            seed=seed,
            resamples=resamples,
            reference=without,
            metrics=(metric,),
            part=name,
        )
        for row in rows:
            if row.method in asked:
                modality, beside = asked[row.method]
                yield replace(row, method="fused", modality=modality, beside=beside)


def _only(said: Said, methods: tuple[str, ...]) -> Said:
    """Return what some methods said."""
    if isinstance(said, Rankings):
        return replace(said, top={name: said.top[name] for name in methods})
    return replace(said, predictions={name: said.predictions[name] for name in methods})
