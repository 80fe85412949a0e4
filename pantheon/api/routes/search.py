"""`/search`: sessions and messages by their words."""

from typing import Annotated

from fastapi import APIRouter, Query

from pantheon.api import shapes
from pantheon.api.answers import Json
from pantheon.api.deps import Cursor, Limit, RuntimeOf, SignedIn
from pantheon.sessions.search import LONGEST_QUERY, search

router = APIRouter(prefix="/search", tags=["sessions"])


@router.get("", response_model=shapes.SearchResult)
async def search_everything(
    q: Annotated[
        str,
        Query(
            min_length=1,
            max_length=LONGEST_QUERY,
            description='Words; `"a phrase"`, `or` and `-not` are understood.',
        ),
    ],
    runtime: RuntimeOf,
    who: SignedIn,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Json:
    """Sessions by their names and messages by their texts, of those that you may see.

    What was found is told by ranges of the excerpt, in code points.
    """
    async with runtime.db.transaction(who.workspace_id) as conn:
        return Json(await search(conn, who, q, limit=limit, cursor=cursor))
