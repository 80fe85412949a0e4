"""`/summaries`: what stands for older turns, in the user's hands."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from pantheon.api import turn_shapes
from pantheon.api.answers import Json, resource
from pantheon.api.bodies import Body, absent
from pantheon.api.deps import IfMatch, RuntimeOf, SignedIn
from pantheon.context import summaries
from pantheon.context.digest import LONGEST_ITEM, LONGEST_SUMMARY, MOST_ITEMS, MOST_TURNS

router = APIRouter(prefix="/summaries/{summary_id}", tags=["context"])


class Item(Body):
    """One thing that was said, and the turns that it comes from, by their index."""

    text: Annotated[str, Field(min_length=1, max_length=LONGEST_ITEM)]
    turns: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1, max_length=MOST_TURNS)]


Items = Annotated[list[Item], Field(min_length=1, max_length=MOST_ITEMS)]


class SummaryChange(Body):
    """What is to be said otherwise; a list has items, or is `null` where there is nothing."""

    summary: Annotated[str, Field(min_length=1, max_length=LONGEST_SUMMARY)] = Field(
        default_factory=absent
    )
    key_facts: Items = Field(default_factory=absent)
    decisions: Items | None = None
    open_questions: Items | None = None
    action_items: Items | None = None
    figures_and_names: Items | None = None


@router.patch("", response_model=turn_shapes.Summary)
async def edit_summary(
    summary_id: UUID, body: SummaryChange, runtime: RuntimeOf, who: SignedIn, version: IfMatch
) -> Json:
    """Say something of a current summary otherwise: a new version, which agents read from now on.

    What you write is not checked against what was said.
    """
    changes = body.model_dump(include=body.model_fields_set)
    async with runtime.db.transaction(who.workspace_id) as conn:
        return resource(await summaries.edit(conn, who, summary_id, changes, version=version))


@router.post("/undo", response_model=turn_shapes.Summary)
async def undo_summary(
    summary_id: UUID, runtime: RuntimeOf, who: SignedIn, version: IfMatch
) -> Json:
    """End a current summary: the version before counts again, or else the turns themselves."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return resource(await summaries.undo(conn, who, summary_id, version=version))
