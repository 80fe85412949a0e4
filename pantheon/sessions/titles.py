"""Titles: names that a model gives to sessions which nobody has named."""

from uuid import UUID

from pantheon.db.pool import Connection, Notice


async def set_title(
    conn: Connection, workspace_id: UUID, session_id: UUID, title: str, *, instead_of: str
) -> bool:
    """Name a session that still has the name it was given; false if somebody was faster."""
    named = await conn.execute(
        """
        UPDATE sessions SET name = %(title)s, version = version + 1
        WHERE workspace_id = %(workspace)s AND id = %(session)s AND deleted_at IS NULL
          AND name = %(instead_of)s
        """,
        {
            "title": title,
            "workspace": workspace_id,
            "session": session_id,
            "instead_of": instead_of,
        },
    )
    if named.rowcount == 1:
        conn.notices.append(Notice("session", session_id))
    return named.rowcount == 1
