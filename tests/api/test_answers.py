"""Answers: bytes, ETag and Location."""

from pantheon.api.answers import Json, gone, resource


def test_a_resource_names_its_version_and_its_place():
    answer = resource({"id": "x", "version": 3}, 201, location="/x")
    assert (answer.status_code, answer.body) == (201, b'{"id":"x","version":3}')
    assert (answer.headers["etag"], answer.headers["location"]) == ('"3"', "/x")
    assert answer.headers["content-type"] == "application/json"


def test_what_has_no_version_has_no_etag():
    assert "etag" not in resource({"id": "x"}).headers
    assert Json({"text": "é"}).body == '{"text":"é"}'.encode()


def test_nothing_is_left_of_what_is_gone():
    answer = gone()
    assert (answer.status_code, answer.body) == (204, b"")
