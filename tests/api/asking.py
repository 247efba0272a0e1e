"""Short ways to say what an answer of the API must look like."""


def refused(response, status, code, **fields):
    """Insist on an error in the one shape, with these fields and no others."""
    assert response.status_code == status, (response.status_code, response.content)
    assert response["Content-Type"] == "application/json"
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "fields"}
    assert body["error"]["code"] == code
    assert body["error"]["message"].endswith((".", "?", "/.")), body
    assert set(body["error"]["fields"]) == set(fields), body
    for name, part in fields.items():
        assert part in " ".join(body["error"]["fields"][name]), body
    return body["error"]["message"]


def knows_only(client, address, *methods):
    """Insist that an address answers these methods and refuses all others with 405."""
    for method in ("get", "post", "put", "patch", "delete", "options"):
        if method not in methods:
            response = getattr(client, method)(address)
            refused(response, 405, "method_not_allowed")
            assert set(response["Allow"].lower().split(", ")) - {"head"} == set(methods)


def results(response):
    """Return the rows of a page."""
    assert response.status_code == 200, response.content
    return response.json()["results"]


def all_pages(client, address):
    """Follow `next` to the end and return the rows of every page."""
    pages = []
    while address:
        response = client.get(address)
        pages.append(results(response))
        address = response.json()["next"]
    return pages
