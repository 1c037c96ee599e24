"""Whatever stands in an id, its address tells of that id alone."""

import pytest

from serving import bought


@pytest.mark.parametrize(
    ("who", "step"),
    [
        ("shop/7", "shop%2F7"),
        ("u42/timeline", "u42%2Ftimeline"),
        ("100%2F", "100%252F"),
        ("50%", "50%25"),
        ("a b/匿", "a%20b%2f%E5%8C%BF"),
    ],
)
def test_an_id_with_a_slash_is_read_by_its_address(served, who, step):
    served.send(bought("u42", "p0"), bought(who, f"p-{who}"))
    answer = served.client.get(f"/v1/profiles/{step}")
    assert answer.status_code == 200
    assert answer.json()["customer_id"] == who
    events = served.client.get(f"/v1/profiles/{step}/timeline").json()["events"]
    assert [each["event_id"] for each in events] == [f"p-{who}"]
    said = served.client.put(f"/v1/privacy/subjects/{step}/consents", json={"risk": False})
    assert said.json() == {"risk": False}


def test_an_address_with_too_many_steps_is_none(served):
    assert served.client.get("/v1/profiles/u42%2Fa/b").status_code == 404
    assert served.client.get("/v1%2Fprofiles/u42").status_code == 404
