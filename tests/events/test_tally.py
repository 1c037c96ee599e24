"""Every refused row is counted with an example."""

import polars as pl

from limner.events.cleaning import CleaningConfig, Note
from limner.events.mapping import Mapping
from limner.events.refusals import REFUSED_SCHEMA
from limner.events.tally import Tally, settings_digest


def refused(*rows):
    return pl.DataFrame(rows, schema=REFUSED_SCHEMA, orient="row")


def test_reasons_are_counted_with_their_first_example():
    tally = Tally("shop", "s")
    tally.rows_in = 4
    tally.refuse(refused(("bad", "first", "f", 3, "{}"), ("bad", "second", "f", 4, "{}")))
    tally.refuse(refused(("bad", "third", "f", None, "{}"), ("odd", "why", "g", None, "{}")))
    tally.refuse(refused())
    tally.note({"late": Note(2, "f"), "never": Note(0, "")})
    tally.finish(5, None)
    record = tally.record
    assert record.refused == {"bad": Note(3, "f, line 3: first"), "odd": Note(1, "g: why")}
    assert record.noted == {"late": Note(2, "f")}
    assert (record.generation, record.rows_in, record.withdrawn) == (5, 4, {})
    assert len(tally.take_waiting()) == 4
    assert tally.waiting == []


def test_other_settings_have_another_digest():
    mapping = Mapping(reader="csv", columns={"time": "t"})
    plain = settings_digest(mapping, CleaningConfig())
    assert plain == settings_digest(mapping.model_copy(), CleaningConfig())
    assert plain != settings_digest(Mapping(reader="csv"), CleaningConfig())
    assert plain != settings_digest(mapping, CleaningConfig(bots="refuse"))
    assert settings_digest(None, CleaningConfig()) != plain
