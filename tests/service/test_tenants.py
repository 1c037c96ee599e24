"""Tenants: no key of one sees or changes what is another's, at any address and for any purpose."""

import re
import uuid

import httpx
import pytest

from limner.service.guard import scope_of
from limner.service.keys import PURPOSES, SCOPES, Keyring
from serving import PEPPER, Served, a_server, bought, some_parts

OTHER = "/tenants/acme"


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Two tenants in one process: the first, and another below an address of its own."""
    folder = tmp_path_factory.mktemp("tenants")
    (folder / "own").mkdir()
    (folder / "acme").mkdir()
    theirs = some_parts(folder / "acme", tenant="acme")
    key = Keyring(theirs.store, PEPPER, tenant="acme").make("test", list(SCOPES)).secret
    with a_server(folder / "own", tenants={"acme": theirs}) as own:
        headers = {"Authorization": f"Bearer {key}", "X-Purpose": "service"}
        address = str(own.client.base_url).rstrip("/") + OTHER
        app = next(each.app for each in own.app.routes if getattr(each, "path", "") == OTHER)
        with httpx.Client(base_url=address, headers=headers, timeout=60) as client:
            yield own, Served(client, theirs.store, app, key)


def operations(served):
    """Go through what the OpenAPI document tells: method, address, scope, whether for a purpose."""
    document = served.client.get("openapi.json").json()
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            names = {each["name"].lower() for each in told.get("parameters", ())}
            address = re.sub(r"\{[^}]*\}", "nobody", path)
            yield method, address, scope_of(told), "x-purpose" in names


def ask(served, method, address, headers):
    bare = {"Authorization": "", "X-Purpose": "service", **headers}
    return served.client.request(method, address.lstrip("/"), headers=bare)


def test_who_has_a_key_of_one_passes_nowhere_at_the_other(both):
    """The matrix of tenant, scope and operation."""
    for here, there in (both, both[::-1]):
        keys = {scope: there.key_for(scope) for scope in SCOPES}
        for method, address, scope, _ in operations(here):
            if scope != "public":
                for key in keys.values():
                    assert ask(here, method, address, key).status_code == 401, address
                mine = ask(here, method, address, here.key_for(scope))
                assert mine.status_code not in {401, 403}, address


def test_who_may_read_for_one_purpose_reads_for_no_other(both):
    """The matrix of tenant, scope, operation and purpose."""
    for served in both:
        held = {
            (scope, purpose): served.key_for(scope, purposes=(purpose,))
            for scope in SCOPES
            for purpose in PURPOSES
        }
        asked = 0
        for method, address, scope, purposed in operations(served):
            if not purposed:
                continue
            for own in PURPOSES:
                for purpose in PURPOSES:
                    told = held[scope, own] | {"X-Purpose": purpose}
                    answer = ask(served, method, address, told)
                    denied = answer.status_code == 403
                    assert denied == (own != purpose), f"{address} {own} {purpose}"
                    asked += 1
        assert asked > 100


def test_a_key_of_another_tenant_in_the_same_store_may_do_nothing(both):
    own, _ = both
    made = Keyring(own.store, PEPPER, tenant="acme").make("odd", list(SCOPES))
    for method, address, scope, _ in operations(own):
        if scope != "public":
            answer = ask(own, method, address, {"X-API-Key": made.secret})
            assert (answer.status_code, answer.json()["code"]) == (403, "other_tenant"), address


def test_the_same_id_is_two_people(both):
    own, other = both
    own.send(bought("tina", "t1"))
    assert other.client.get("v1/profiles/tina").status_code == 404
    told = other.client.post("v1/batch", json={"batch": [bought("tina", "t1", order="o9")]}).json()
    assert told["accepted"] == 1, "what one has seen is new to the other"
    assert other.client.get("v1/profiles/tina").json()["live"]["orders"] == 1
    for served, number in ((own, 1), (other, 1)):
        assert served.client.get("v1/ingest/stats").json()["events"] == number
    body = {"type": "erase", "customer_id": "tina"}
    asked = other.client.post("v1/privacy/requests", json=body).json()
    for _ in range(200):
        if other.client.get(f"v1/privacy/requests/{asked['id']}").json()["state"] == "done":
            break
    assert other.client.get("v1/profiles/tina").status_code == 404
    assert own.client.get("v1/profiles/tina").json()["live"]["orders"] == 1


def test_the_document_of_a_tenant_says_where_it_is(both):
    _, other = both
    assert other.client.get("openapi.json").json()["servers"] == [{"url": OTHER}]
    assert other.client.get("livez").json()["status"] == "alive"


def test_nothing_is_said_of_a_tenant_that_is_none(both):
    own, _ = both
    path = f"/tenants/{uuid.uuid4().hex}/v1/profiles/tina"
    assert own.client.get(path).json()["code"] == "not_found"
