"""What a turn costs and may spend: its terms, frozen when it is accepted, and its hold."""

from dataclasses import replace
from uuid import UUID

from pantheon.accounts.roles import Who
from pantheon.base.errors import Problem
from pantheon.base.money import microcredits_of
from pantheon.db.pool import Connection
from pantheon.ledger import holds
from pantheon.ledger.holds import Wanted
from pantheon.ledger.terms import terms_now
from pantheon.providers.registry import Providers
from pantheon.providers.types import Price
from pantheon.turns.estimate import Estimate
from pantheon.turns.place import Place
from pantheon.turns.types import Frozen


async def with_terms(
    conn: Connection, who: Who, place: Place, providers: Providers, frozen: Frozen
) -> tuple[Frozen, list[dict[str, str]]]:
    """Return the frozen turn with the prices of now, and warnings about models without one.

    Nothing is read for it but a price book that this process has not seen. Raises
    `model_unpriced` where credits are enforced.
    """
    models = {seat.model for seat in frozen.everybody}
    if frozen.summary_model is not None:
        models.add(frozen.summary_model)
    catalogue = {model: _listed(providers, model) for model in sorted(models)}
    terms = await terms_now(conn, who.workspace_id, catalogue, place.enforcement, place.book_id)
    warnings = []
    if terms.billed:
        unpriced = sorted(models - (terms.tariffs or {}).keys())
        warnings = [
            {
                "code": "model_unpriced",
                "detail": f"'{model}' has no price: what it answers is not charged.",
            }
            for model in unpriced
        ]
    return replace(frozen, terms=terms), warnings


def with_reserve(frozen: Frozen, estimate: Estimate) -> Frozen:
    """Return the frozen turn with what is kept free for its synthesis, where it has one."""
    if frozen.manager is None:
        return frozen
    synthesis = estimate.parts[0].charges()[1]
    return replace(frozen, terms=replace(frozen.terms, reserve_microcredits=synthesis))


async def take_hold(
    conn: Connection, who: Who, place: Place, turn_id: UUID, frozen: Frozen, estimate: Estimate
) -> list[dict[str, str]]:
    """Reserve what the turn can charge; return warnings where billing only warns.

    Raises `insufficient_credits` and `budget_exceeded`.
    """
    limit = frozen.limits.get("credits")
    scopes = [who.workspace_id, who.user_id, place.id]
    if place.room_id is not None:
        scopes.append(place.room_id)
    return await holds.take(
        conn,
        Wanted(
            workspace_id=who.workspace_id,
            id=turn_id,
            turn_id=turn_id,
            enforcement=frozen.terms.enforcement,
            scopes=scopes,
            shares=estimate.shares(),
            most=estimate.charges()[1],
            limit=None if limit is None else microcredits_of(limit),
        ),
    )


def _listed(providers: Providers, model_id: str) -> Price | None:
    """Return the catalogue's price; a model for summaries may be gone, and fails when it is due."""
    try:
        return providers.resolve(model_id, accepted=True)[1].price
    except Problem:
        return None
