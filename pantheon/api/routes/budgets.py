"""`/budgets`: how much somebody or something may use in a turn, a day or a month."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import Field, model_validator
from starlette.responses import Response

from pantheon.api import money_shapes
from pantheon.api.answers import Json, gone, resource
from pantheon.api.bodies import Body
from pantheon.api.deps import Cursor, IfMatch, Limit, RuntimeOf, SignedIn, admin
from pantheon.api.idempotency import create_once
from pantheon.base.money import microcredits_of
from pantheon.db.pool import Connection
from pantheon.ledger import budgets

router = APIRouter(prefix="/budgets", tags=["money"])

Most = Annotated[
    str, Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,6})?$", description="Credits, as `2.5`.")
]


class NewBudget(Body):
    """A budget to be set; `scope_id` names the user, room, agent or session."""

    scope: Literal["workspace", "user", "room", "agent", "session"]
    scope_id: UUID | None = None
    period: Literal["turn", "day", "month"]
    limit: Most

    @model_validator(mode="after")
    def _of_something(self) -> Self:
        if self.scope != "workspace" and self.scope_id is None:
            raise ValueError(f"'scope_id' says which {self.scope} is meant")
        return self


class BudgetChange(Body):
    """What is to be changed: the limit alone."""

    limit: Most


@router.post("", status_code=201, response_model=money_shapes.Budget, dependencies=[Depends(admin)])
async def create_budget(
    body: NewBudget, request: Request, runtime: RuntimeOf, who: SignedIn
) -> Json:
    """Set a budget. It holds for every turn that is accepted from now on."""

    async def make(conn: Connection) -> dict[str, Any]:
        return await budgets.create_budget(
            conn,
            who,
            scope=body.scope,
            scope_id=body.scope_id,
            period=body.period,
            limit_microcredits=microcredits_of(body.limit),
        )

    async def render(conn: Connection, budget_id: UUID) -> dict[str, Any]:
        return await budgets.get_budget(conn, who, budget_id)

    made = await create_once(request, runtime.db, who, make, render)
    return resource(made, 201, location=f"/api/v1/budgets/{made['id']}")


@router.get("", response_model=money_shapes.Budgets)
async def list_budgets(
    runtime: RuntimeOf, who: SignedIn, limit: Limit = 50, cursor: Cursor = None
) -> Json:
    """The budgets with what they have spent and reserved by now, oldest first.

    Owners and admins see all of them; members those of the workspace, its rooms and agents, and
    their own.
    """
    async with runtime.db.transaction(who.workspace_id) as conn:
        return Json(await budgets.list_budgets(conn, who, limit=limit, cursor=cursor))


@router.get("/{budget_id}", response_model=money_shapes.Budget)
async def get_budget(budget_id: UUID, runtime: RuntimeOf, who: SignedIn) -> Json:
    """One budget."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return resource(await budgets.get_budget(conn, who, budget_id))


@router.patch("/{budget_id}", response_model=money_shapes.Budget, dependencies=[Depends(admin)])
async def change_budget(
    budget_id: UUID, body: BudgetChange, runtime: RuntimeOf, who: SignedIn, version: IfMatch
) -> Json:
    """Set another limit; what is spent and reserved stays."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return resource(
            await budgets.change_budget(conn, who, budget_id, microcredits_of(body.limit), version)
        )


@router.delete("/{budget_id}", status_code=204, dependencies=[Depends(admin)])
async def delete_budget(budget_id: UUID, runtime: RuntimeOf, who: SignedIn) -> Response:
    """Take a budget away."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        await budgets.delete_budget(conn, who, budget_id)
    return gone()
