"""Tests of `pantheon.base.errors`."""

from pantheon.base.errors import NOT_FOUND, Problem, ProblemType


def test_a_kind_makes_problems_that_tell_what_and_how():
    kind = ProblemType("too_hot", 409, "Too hot")
    problem = kind("It has 90 °C. Wait.", headers={"Retry-After": "5"}, degrees=90)
    assert isinstance(problem, Problem)
    assert (problem.kind, problem.detail) == (kind, "It has 90 °C. Wait.")
    assert (problem.headers, problem.extra) == ({"Retry-After": "5"}, {"degrees": 90})
    assert str(problem) == "too_hot: It has 90 °C. Wait."


def test_problems_do_not_share_headers():
    first, second = NOT_FOUND("one"), NOT_FOUND("two")
    first.headers["X"] = "1"
    assert second.headers == {}
    assert second.extra == {}
