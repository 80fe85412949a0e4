"""Workspaces: who owns everything else. On a person's own machine there is one from the start."""

from dataclasses import dataclass
from uuid import UUID

from pantheon.accounts.roles import ALL_SCOPES, Who
from pantheon.base.errors import NOT_FOUND
from pantheon.db.pool import Connection, Database

# The same in every database: whoever comes second meets the first one's row, and waits for it.
LOCAL_WORKSPACE = UUID("00000000-0000-7000-8000-000000000001")
LOCAL_OWNER = UUID("00000000-0000-7000-8000-000000000002")


@dataclass(frozen=True, slots=True)
class Signed:
    """The names that a signed-in user goes by."""

    user_name: str
    workspace_name: str


async def ensure_local_owner(db: Database) -> Who:
    """Make the local workspace and its owner unless they are there; return the owner.

    Any number of processes may do it at once.
    """
    async with db.transaction(LOCAL_WORKSPACE) as conn:
        await conn.execute(
            "INSERT INTO workspaces (id, name) VALUES (%s, 'My workspace') ON CONFLICT DO NOTHING",
            (LOCAL_WORKSPACE,),
        )
        await conn.execute(
            """
            INSERT INTO users (workspace_id, id, name, role) VALUES (%s, %s, 'Owner', 'owner')
            ON CONFLICT DO NOTHING
            """,
            (LOCAL_WORKSPACE, LOCAL_OWNER),
        )
    return Who(LOCAL_WORKSPACE, LOCAL_OWNER, "owner", ALL_SCOPES)


async def names(conn: Connection, who: Who) -> Signed:
    """Return the names of `who` and of the workspace. Raises `not_found` if they are gone."""
    cursor = await conn.execute(
        """
        SELECT u.name, w.name FROM users u JOIN workspaces w ON w.id = u.workspace_id
        WHERE u.workspace_id = %(workspace)s AND u.id = %(user)s
        """,
        {"workspace": who.workspace_id, "user": who.user_id},
    )
    row = await cursor.fetchone()
    if row is None:
        raise NOT_FOUND(f"There is no user {who.user_id}.")
    return Signed(*row)
