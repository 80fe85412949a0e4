"""Logs: structured lines on stderr, from which every secret is taken before they are written."""

import logging
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "[hidden]"

_SECRET_NAME = re.compile(
    r"(api|access|private|signing)_?key|authorization|bearer|cookie|passphrase|password|passwd"
    r"|secret|(^|_)token$",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"(?P<scheme>\b(?:Bearer|Basic)\s+)[\w.~+/=-]{6,}"
    r"|(?P<url>\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/@]+(?=@)"
    r"|(?P<dsn>\bpassword\s*=\s*)(?:'(?:[^'\\]|\\.)*'|[^\s']+)"
    r"|(?P<cookie>\bpantheon_session=)[\w-]+"
    r"|(?P<fragment>/login#)[\w-]+"
    r"|\b(?:pan_|sk-|sk_|rk_|pk_|gsk_|xai-|AIza|ghp_|hf_)[\w-]{8,}",
    re.IGNORECASE,
)
# Lines of libraries that say nothing an operator can use below this level.
_QUIET = ("alembic", "asyncio", "httpcore2", "httpx2", "openai", "psycopg.pool", "uvicorn.error")
_SHORTEST_SECRET = 6
_entered: set[str] = set()


def configure_logging(
    *, debug: bool, json: bool, secrets: Iterable[str] = (), output: TextIO | None = None
) -> None:
    """Send all logs, the libraries' too, to `output` (stderr), as text or as JSON lines.

    `secrets` are values to be hidden wherever they stand, beside what has the look of a secret or
    the name of one. Can be called again.
    """
    level = logging.DEBUG if debug else logging.INFO
    hide = _Redaction(secrets)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    stream = output or sys.stderr
    renderer: Processor = structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    write: list[Processor] = [mask_named, renderer, hide]
    if json:
        write = [
            structlog.processors.format_exc_info,
            mask_named,
            structlog.processors.JSONRenderer(),
            hide,
        ]
    structlog.configure(
        processors=[*shared, *write],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *write],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(level if debug else logging.WARNING)


def hide(secret: str) -> None:
    """Hide a secret that was not known when logs were configured, from here on."""
    if len(secret) >= _SHORTEST_SECRET:
        _entered.add(secret)


def mask_named(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Hide the values whose names say that they are secret, however deep they lie."""
    return {name: _masked(name, value) for name, value in event.items()}


def redact(text: str) -> str:
    """Hide what has the look of a key, a password, a cookie or a login link."""
    return _SECRET_TEXT.sub(_keep_label, text)


class _Redaction:
    """The last processor: sees the line as it will be written."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = sorted({s for s in secrets if len(s) >= _SHORTEST_SECRET}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, _: WrappedLogger, __: str, line: Any) -> str:
        text = str(line)
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        for secret in sorted(_entered, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return redact(text)


def _masked(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {inner: _masked(str(inner), held) for inner, held in value.items()}
    if value is not None and _SECRET_NAME.search(name):
        return HIDDEN
    if isinstance(value, list | tuple):
        return [_masked("", held) for held in value]
    return value


def _keep_label(match: re.Match[str]) -> str:
    label = next((kept for kept in match.groupdict().values() if kept), "")
    return label + HIDDEN
