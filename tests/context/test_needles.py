"""Needles: what was said once, early, and must not be lost: 50 facts, then 60 turns of talk.

The way without a model's help: the summary that it gives is as poor as one can be, and what is
checked and taken from the source has to hold. `-s` prints the share for each kind.
"""

import random

from pantheon.context.digest import Digest, load_digest, render, size
from pantheon.context.verify import Source, check

# What an agent with a window of 8,192 tokens has for its summary.
MOST_TOKENS = 1_433
FACTS_A_TURN = 5
TALK = (
    "let us think about what this means for the plan and for those who will work with it",
    "that sounds right to me, and it is how we have done it before without any trouble",
    "there is more than one way to look at this, and neither of them is wrong in itself",
    "it would help to write that down somewhere so that nobody has to ask for it again",
)


def facts() -> dict[str, list[tuple[str, str]]]:
    """Return sentences by kind, each with the needle that it holds."""
    chosen = random.Random(7)
    first = ("Ada", "Bela", "Chiara", "Dmitri", "Eleni", "Farid", "Goran", "Hanne", "Ines", "Jun")
    last = ("Kovac", "Lindqvist", "Moreau", "Novak", "Okafor", "Petrov", "Quist", "Rossi")
    return {
        "figures": [
            (f"Part {chr(65 + i)} costs {n} EUR.", n)
            for i in range(13)
            for n in [f"{chosen.randint(10, 99)},{chosen.randint(100, 999)}"]
        ],
        "names": [
            (f"Ask {n} about part {chr(65 + i)}.", n)
            for i in range(13)
            for n in [f"{chosen.choice(first)} {chosen.choice(last)}-{chosen.choice(last)}"]
        ],
        "paths": [
            (f"It is in {p}.", p)
            for i in range(12)
            for p in [f"/srv/{chosen.choice(last).lower()}/v{chosen.randint(1, 99)}/plan_{i}.csv"]
        ],
        "dates": [
            (f"Part {chr(65 + i)} is due {d}.", d)
            for i in range(12)
            for d in [f"2027-{chosen.randint(1, 12):02d}-{chosen.randint(1, 28):02d}"]
        ],
    }


def poor_summary(turn: int) -> Digest:
    """Return the summary of a model that has understood nothing."""
    return load_digest(
        {"summary": "they talk on.", "key_facts": [{"text": "they talk on", "turns": [turn]}]}
    )


def share_kept(turns: list[str], needles: dict[str, list[tuple[str, str]]]) -> dict[str, float]:
    """Summarise ten turns at a time, each summary built on the last; return what is left."""
    digest = None
    for start in range(0, len(turns), 10):
        batch = {
            at + 1: Source(turns[at], f"@user: {turns[at]}\n@ann: {TALK[at % 4]}.")
            for at in range(start, min(start + 10, len(turns)))
        }
        digest = check(poor_summary(start + 1), batch, digest, MOST_TOKENS).digest
        assert size(digest) <= MOST_TOKENS
    assert digest is not None
    text = render(digest)
    return {
        kind: sum(needle in text for _, needle in found) / len(found)
        for kind, found in needles.items()
    }


def test_fifty_facts_survive_sixty_turns_of_talk() -> None:
    needles = facts()
    said = [sentence for found in needles.values() for sentence, _ in found]
    assert len(said) == 50
    random.Random(3).shuffle(said)
    early = [" ".join(said[at : at + FACTS_A_TURN]) for at in range(0, len(said), FACTS_A_TURN)]
    talk = [f"{TALK[at % 4]}, {TALK[(at + 1) % 4]}." for at in range(60)]
    kept = share_kept(early + talk, needles)
    whole = sum(kept[kind] * len(found) for kind, found in needles.items()) / 50
    print(f"\nkept of 50 facts: {whole:.0%}", {kind: f"{part:.0%}" for kind, part in kept.items()})
    assert whole >= 0.95


def test_talk_with_figures_of_its_own_does_not_crowd_out_the_user() -> None:
    needles = facts()
    said = [sentence for found in needles.values() for sentence, _ in found]
    early = [" ".join(said[at : at + FACTS_A_TURN]) for at in range(0, len(said), FACTS_A_TURN)]
    talk = [f"{TALK[at % 4]}, it was {at * 17} of {at * 31} yesterday." for at in range(60)]
    kept = share_kept(early + talk, needles)
    whole = sum(kept[kind] * len(found) for kind, found in needles.items()) / 50
    print(f"\nwith distractors: {whole:.0%}", {kind: f"{part:.0%}" for kind, part in kept.items()})
    assert whole >= 0.9
