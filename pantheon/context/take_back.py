"""Taking a message back: its text is gone, what was made of it no longer counts; and the undo."""

from typing import Any
from uuid import UUID

from pantheon.accounts.roles import Who
from pantheon.context import summaries
from pantheon.db.pool import Connection
from pantheon.events.erase import erase_texts, put_back_text
from pantheon.sessions import messages, taken_back


async def take_back(conn: Connection, who: Who, message_id: UUID) -> None:
    """Delete a message's text: from the history, its turns' events, and the summaries built on it.

    Its place in the session stays, empty; so do the ledger's rows and the hashes of what was sent.
    Only the session's user may (`forbidden`). Raises `not_found`, and `turn_in_progress` while a
    turn of a session that shows it is live.
    """
    shown = await taken_back.empty(conn, who, message_id)
    for place in shown:
        await erase_texts(
            conn, who.workspace_id, place.turn_id, question=place.asked, step_ids=place.step_ids
        )
        await summaries.invalidate(conn, who.workspace_id, place.turn_id)


async def give_back(conn: Connection, who: Who, message_id: UUID) -> dict[str, Any]:
    """Undo `take_back` within its grace, and return the message; one that is there is returned.

    Summaries that have ended stay so: they are made anew where they are needed. Raises what
    `take_back` raises; after the grace `not_found`.
    """
    text, shown = await taken_back.fill(conn, who, message_id)
    for place in shown:
        await put_back_text(
            conn,
            who.workspace_id,
            place.turn_id,
            text,
            question=place.asked,
            step_ids=place.step_ids,
        )
    return await messages.get_message(conn, who, message_id)
