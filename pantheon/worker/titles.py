"""Titles: after a session's first turn a model names it, where the operator has chosen one.

The name is the first words until then, and stays so where the model fails or a person was faster.
"""

import psycopg
import structlog

from pantheon.accounts.roles import Who
from pantheon.base.errors import Problem
from pantheon.base.text import first_words
from pantheon.db.pool import Connection
from pantheon.ops.outside import ask_outside
from pantheon.ops.runtime import Runtime
from pantheon.providers.own_keys import providers_of
from pantheon.providers.types import ChatMessage, ModelRequest, Role
from pantheon.sessions.titles import set_title
from pantheon.turns.types import TurnRow

SECONDS = 30.0
MOST_TOKENS = 64
LONGEST_TITLE = 60
LONGEST_SHOWN = 2_000

ASKED = (
    "Give this conversation a title of at most six words, in its language."
    " Answer with the title alone, without quotes.\n\n{text}"
)

log = structlog.get_logger()


def wants_title(runtime: Runtime, turn: TurnRow) -> bool:
    """Say whether a session may be named after this turn: it is its first, and a model is set."""
    return runtime.settings.title_model is not None and turn.index == 1


async def give_title(runtime: Runtime, turn: TurnRow) -> bool:
    """Name the session of its first turn, when that is over; false where the name stays.

    The call is in the ledger with the purpose `title` and is no part of the turn. Whatever fails
    is told in the log: a name is worth no second try.
    """
    try:
        return await _give_title(runtime, turn)
    except (psycopg.OperationalError, Problem) as error:
        log.warning("a session keeps its first words", error=str(error).strip())
        return False


async def _give_title(runtime: Runtime, turn: TurnRow) -> bool:
    who = Who(turn.workspace_id, turn.user_id, "member", frozenset())
    async with runtime.db.transaction(who.workspace_id) as conn:
        question, answer, name = await _said(conn, turn)
        providers = await providers_of(conn, runtime.providers, who.workspace_id)
    if answer is None or name != first_words(question):
        return False
    provider, model = providers.resolve(runtime.settings.title_model or "", accepted=True)
    told = f"{question[:LONGEST_SHOWN]}\n\n{answer[:LONGEST_SHOWN]}"
    request = ModelRequest(
        model.id.partition("/")[2],
        (ChatMessage(Role.user, ASKED.format(text=told)),),
        MOST_TOKENS,
        None,
        None,
    )
    reply = await ask_outside(
        runtime.db, who, provider, model, request, purpose="title", seconds=SECONDS,
        room_id=turn.room_id, session_id=turn.session_id,
    )  # fmt: skip
    title = clean_title(reply.text)
    if reply.failure is not None or not title:
        return False
    async with runtime.db.transaction(who.workspace_id) as conn:
        return await set_title(
            conn, who.workspace_id, turn.session_id, title, instead_of=first_words(question)
        )


def clean_title(text: str) -> str:
    """Return a model's title as a name: one line, not too long, without quotes and a last dot."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    return first_words(line.strip().strip("\"'“”„«»*#` ").rstrip("."), LONGEST_TITLE)


async def _said(conn: Connection, turn: TurnRow) -> tuple[str, str | None, str | None]:
    """Return a turn's question, its first answer, and the session's name.

    There is no answer while the turn is not over well.
    """
    cursor = await conn.execute(
        """
        SELECT i.content, (
            SELECT m.content FROM steps s
            JOIN messages m ON m.workspace_id = s.workspace_id AND m.id = s.message_id
            WHERE s.workspace_id = t.workspace_id AND s.turn_id = t.id
              AND s.status = 'completed' AND s.kind IN ('answer', 'synthesis')
              AND t.status IN ('completed', 'partial')
            ORDER BY s.round, s.position LIMIT 1
        ), x.name
        FROM turns t
        JOIN sessions x ON x.workspace_id = t.workspace_id AND x.id = t.session_id
        JOIN messages i ON i.workspace_id = t.workspace_id AND i.id = t.input_message_id
        WHERE t.workspace_id = %(workspace)s AND t.id = %(turn)s
        """,
        {"workspace": turn.workspace_id, "turn": turn.id},
    )
    row: tuple[str, str | None, str | None] | None = await cursor.fetchone()
    assert row is not None
    return row
