"""Jobs are noted once, moved on, and end."""

from dataclasses import replace

from limner.profiles.database.jobs import Job, Jobs, forget_in_jobs

ONE = Job("i1", "import", "a.csv", "/x/a.csv", "me", "d1", 5, asked="k")


def test_what_was_asked_for_already_is_returned_as_it_is(store):
    jobs = Jobs(store.engine)
    made = jobs.add(ONE)
    assert (made.state, made.progress.rows, made.own_file) == ("waiting", 0, False)
    assert jobs.add(replace(ONE, id="i2", digest="d2")) == made
    assert jobs.add(replace(ONE, id="i3", asked=None)).id == "i3"
    assert jobs.get("i2") is None
    assert [each.id for each in jobs.page()] == ["i3", "i1"]
    assert [each.id for each in jobs.page(before=(5, "i3"))] == ["i1"]


def test_a_job_goes_from_state_to_state_and_never_back(store):
    jobs = Jobs(store.engine)
    made = jobs.add(ONE)
    assert [each.id for each in jobs.unfinished()] == ["i1"]
    assert jobs.begin(made)
    assert jobs.cancel("i1").state == "cancelling"
    assert not jobs.begin(made)
    jobs.end(made, "cancelled")
    jobs.end(made, "failed", trouble="too late")
    found = jobs.get("i1")
    assert (found.state, found.trouble) == ("cancelled", "")
    assert jobs.unfinished() == []
    assert jobs.cancel("none") is None
    waiting = jobs.add(replace(ONE, id="i4", asked=None))
    assert jobs.cancel(waiting.id).state == "cancelled"


def test_jobs_that_name_somebody_say_no_more_of_them(store):
    jobs = Jobs(store.engine)
    jobs.add(replace(ONE, id="i5", asked=None, source='o"u_1.csv'))
    made = jobs.add(replace(ONE, id="i6", asked=None, settings={"mapping": {"who": 'o"u_1'}}))
    other = jobs.add(replace(ONE, id="i7", asked=None, source='o"uX1.csv'))
    for each in (made, other):
        jobs.end(each, "failed", trouble="why")
    with store.engine.begin() as connection:
        assert forget_in_jobs(connection, 'o"u_1') == 1
    assert jobs.get("i5").source == 'o"u_1.csv', "it is still to be done"
    assert (jobs.get("i6").settings, jobs.get("i6").trouble) == ({}, "")
    assert jobs.get("i7").trouble == "why"
