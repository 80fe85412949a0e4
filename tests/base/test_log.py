"""Logs: what is secret is never written, by whatever way it came."""

import io
import json
import logging

import pytest
import structlog

from pantheon.base.log import HIDDEN, configure_logging, hide, redact

CANARY = "canary-7f3a91c2d4"


@pytest.fixture
def lines(request):
    """Configured logging, written to memory; the defaults of other tests are put back."""
    output = io.StringIO()
    as_json = getattr(request, "param", True)
    configure_logging(debug=True, json=as_json, secrets=[CANARY], output=output)
    yield output
    structlog.reset_defaults()
    logging.basicConfig(force=True)


def test_a_line_is_json_with_its_fields(lines):
    structlog.get_logger().info("turn ended", turn="t1", tokens=12)
    line = json.loads(lines.getvalue())
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "turn ended", "level": "info", "turn": "t1", "tokens": 12}


def test_library_logs_take_the_same_way(lines):
    logging.getLogger("uvicorn.error").warning("key is %s", CANARY)
    line = json.loads(lines.getvalue())
    assert (line["event"], line["level"]) == (f"key is {HIDDEN}", "warning")


@pytest.mark.parametrize(
    "name",
    ["api_key", "OPENAI_API_KEY", "authorization", "Set-Cookie", "password", "token", "secret"],
)
def test_values_with_a_secret_name_are_hidden(lines, name):
    structlog.get_logger().info("asked", **{"headers": {name: "abc"}, "items": [{name: "abc"}]})
    line = json.loads(lines.getvalue())
    assert line["headers"] == {name: HIDDEN}
    assert line["items"] == [{name: HIDDEN}]


def test_a_secret_that_comes_later_is_hidden_too(lines):
    late = "entered-5d1c0e77b2"
    hide(late)
    structlog.get_logger().info("asked", url=f"https://host/?k={late}")
    logging.getLogger("httpx2").error("sent %s", late)
    assert late not in lines.getvalue()
    assert lines.getvalue().count(HIDDEN) == 2


def test_token_counts_and_keys_of_steps_are_no_secret(lines):
    structlog.get_logger().info("asked", input_tokens=7, step_key="s0:a")
    line = json.loads(lines.getvalue())
    assert (line["input_tokens"], line["step_key"]) == (7, "s0:a")


@pytest.mark.parametrize("lines", [True, False], indirect=True)
def test_a_known_secret_is_hidden_in_tracebacks_too(lines):
    try:
        raise ValueError(f"cannot log in with {CANARY}")
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("library").exception("failed as well")
    text = lines.getvalue()
    assert text.count("ValueError: cannot log in with") == 2
    assert CANARY not in text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Authorization: Bearer abcdef.ghi-123", f"Authorization: Bearer {HIDDEN}"),
        ("pan_AbCdEfGhIjKlMnOp", HIDDEN),
        ("bad key sk-proj-1234567890abcdef.", f"bad key {HIDDEN}."),
        ("postgresql://pantheon:s3cret@host/db", f"postgresql://pantheon:{HIDDEN}@host/db"),
        ("host=h password=s3cret user=u", f"host=h password={HIDDEN} user=u"),
        ("host=h password='a b' user=u", f"host=h password={HIDDEN} user=u"),
        ("http://127.0.0.1:8340/login#abc_DEF-1", f"http://127.0.0.1:8340/login#{HIDDEN}"),
        ("cookie pantheon_session=abc_DEF-1; x", f"cookie pantheon_session={HIDDEN}; x"),
        ("a company, a basis, a task", "a company, a basis, a task"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text, clean):
    assert redact(text) == clean


def test_debug_lines_are_written_only_when_asked_for():
    output = io.StringIO()
    configure_logging(debug=False, json=True, output=output)
    structlog.get_logger().debug("detail")
    structlog.reset_defaults()
    logging.basicConfig(force=True)
    assert output.getvalue() == ""
