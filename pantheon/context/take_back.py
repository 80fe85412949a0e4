"""Taking a message back: its text is gone, and what was made of it no longer counts."""

from uuid import UUID

from pantheon.accounts.roles import Who
from pantheon.context import summaries
from pantheon.db.pool import Connection
from pantheon.events.erase import erase_texts
from pantheon.sessions import messages


async def take_back(conn: Connection, who: Who, message_id: UUID) -> None:
    """Delete a message's text: from the history, its turns' events, and the summaries built on it.

    Its place in the session stays, empty; so do the ledger's rows and the hashes of what was sent.
    Only the session's user may (`forbidden`). Raises `not_found`, and `turn_in_progress` while a
    turn of a session that shows it is live.
    """
    shown = await messages.empty(conn, who, message_id)
    for place in shown:
        await erase_texts(
            conn, who.workspace_id, place.turn_id, question=place.asked, step_ids=place.step_ids
        )
        await summaries.invalidate(conn, who.workspace_id, place.turn_id)
