"""The OpenAPI document is kept: whatever is sent, nothing breaks, and every answer is as told."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from serving import a_server

PATIENCE_S = 60
"""Erasing writes the whole file anew, which whoever asks meanwhile may have to wait for."""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("contract")
    with a_server(
        folder, requests_per_second=1e9, burst=10**9, stream_seconds=0.05, import_bytes=10_000
    ) as found:
        yield found


def hold_to_the_document(served, examples):
    """Ask every operation so many times, each with what the document allows and does not."""
    document = schemathesis.openapi.from_url(f"{served.client.base_url}/openapi.json")
    headers = {"Authorization": f"Bearer {served.key}", "X-Purpose": "service"}
    asked = 0
    for found in document.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],
        )
        def ask(case):
            nonlocal asked
            asked += 1
            case.call_and_validate(headers=headers, timeout=PATIENCE_S)

        ask()
    return asked


def hold_in_a_row(served, examples, steps):
    """Let answers lead to further questions: what was made is read, changed and taken away."""
    document = schemathesis.openapi.from_url(f"{served.client.base_url}/openapi.json")
    asked = 0

    class Visits(document.as_state_machine()):
        def get_call_kwargs(self, case):
            nonlocal asked
            asked += 1
            # the purpose is the visit's own, and what it is without one is asked too
            return {"headers": {"Authorization": f"Bearer {served.key}"}, "timeout": PATIENCE_S}

    for _ in range(examples):
        # One at a time: what the store holds by then decides what a visit finds, and Hypothesis
        # takes visits that begin alike and end otherwise for a fault of the test.
        Visits.run(
            settings=settings(
                max_examples=1,
                stateful_step_count=steps,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate],
            )
        )
    return asked


def test_every_answer_is_as_the_document_says(served):
    assert hold_to_the_document(served, 12) > 100


def test_one_answer_leads_to_the_next_question(served):
    assert hold_in_a_row(served, 10, 8) > 20


@pytest.mark.slow
def test_in_ten_thousand_cases(served):
    assert hold_to_the_document(served, 220) > 10_000


@pytest.mark.slow
def test_in_thousands_of_rows(served):
    assert hold_in_a_row(served, 150, 20) > 1_000
