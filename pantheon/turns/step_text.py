"""The text of a running step: handed to readers at once, saved in groups."""

import asyncio

import psycopg
import structlog

from pantheon.base.crashpoints import crash_point
from pantheon.base.errors import Problem
from pantheon.context.own_name import OwnNamePrefix
from pantheon.events import event_log
from pantheon.events.types import EventType, LiveDelta, NewEvent
from pantheon.turns.types import StepRow
from pantheon.turns.work import Work

FLUSH_SECONDS = 0.1
# In code points. What a provider sends in one rush is saved and shown in events of this size: who
# reads or stands still in the middle of one keeps no more of it in memory.
LONGEST_EVENT = 1 << 17

log = structlog.get_logger()


class StepText:
    """The text of one attempt. Offsets count code points of what a reader sees."""

    def __init__(
        self, work: Work, step: StepRow, prefix: OwnNamePrefix, *, shown: bool = True
    ) -> None:
        """Begin with nothing; `prefix` takes the agent's own label off the answer's start.

        Not `shown`: it is collected only, as a decision that no reader shall see as text.
        """
        self._work = work
        self._step = step
        self._prefix = prefix
        self._saved: list[str] = []
        self._saved_length = 0
        self._rest: list[str] = []
        self._length = 0
        self._ended = False
        self._shown = shown
        self._timer: asyncio.TimerHandle | None = None
        self._flush: asyncio.Task[None] | None = None
        if shown:
            work.hub.keep_unsaved(work.ref.session_id, step.id, self)

    @property
    def content(self) -> str:
        """All that has come."""
        return "".join(self._saved) + "".join(self._rest)

    def add(self, text: str) -> None:
        """Take what a read of the stream brought."""
        self._show(self._prefix.feed(text))

    def unsaved(self) -> LiveDelta | None:
        """Return the part that is not in the log yet, or the first of it where that is very much.

        What is beyond it comes from the log: each reader has this part for itself.
        """
        if not self._rest:
            return None
        return self._delta(self._saved_length, "".join(self._group()))

    async def end(self) -> list[NewEvent]:
        """Stop saving; return what is left to save as events of the closing transaction."""
        self._show(self._prefix.flush())
        self._ended = True
        if self._timer is not None:
            self._timer.cancel()
        if self._flush is not None:
            await asyncio.wait({self._flush})
        if not self._shown:
            return []
        rest = "".join(self._rest)
        return [
            self._event(rest[at : at + LONGEST_EVENT], at)
            for at in range(0, len(rest), LONGEST_EVENT)
        ]

    def forget(self) -> None:
        """The log has it all, or the attempt is over: nobody needs it from memory."""
        self._work.hub.drop_unsaved(self._work.ref.session_id, self._step.id)

    def _show(self, text: str) -> None:
        if not text:
            return
        offset = self._length
        self._length += len(text)
        self._rest += [text[at : at + LONGEST_EVENT] for at in range(0, len(text), LONGEST_EVENT)]
        if not self._shown:
            return
        self._work.hub.publish(self._delta(offset, text))
        if self._timer is None and self._flush is None:
            # Readers elsewhere live on the log: where there may be some, the first text is saved
            # at once, the rest in groups.
            first = offset == 0 and not self._work.hub.followed(self._work.ref.session_id)
            self._save_in(0 if first else FLUSH_SECONDS)

    def _save_in(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._start_flush)

    def _start_flush(self) -> None:
        self._timer = None
        self._flush = asyncio.create_task(self._save())

    async def _save(self) -> None:
        group = self._group()
        text, count = "".join(group), len(group)
        try:
            async with self._work.db.transaction(self._work.turn.workspace_id) as conn:
                await event_log.append(
                    conn, self._work.ref, self._work.turn.lease_epoch, self._event(text)
                )
            crash_point("step.text_flushed")
            self._saved.append(text)
            self._saved_length += len(text)
            del self._rest[:count]
        except event_log.LeaseLost:
            self._work.control.stop("lease_lost")
        except (psycopg.OperationalError, Problem) as error:
            # It stays unsaved: the next group or the closing transaction takes it along. Should
            # it have been committed after all, readers cut the overlap by its offset.
            log.warning("text not saved yet", error=str(error).strip())
        finally:
            self._flush = None
        if self._rest and not self._ended and self._work.control.halt is None:
            full = sum(map(len, self._rest)) >= LONGEST_EVENT
            self._save_in(0 if full else FLUSH_SECONDS)

    def _group(self) -> list[str]:
        """Return the first pieces of what is not saved that fit into one event."""
        count, length = 0, 0
        while count < len(self._rest) and length + len(self._rest[count]) <= LONGEST_EVENT:
            length += len(self._rest[count])
            count += 1
        return self._rest[:count]

    def _event(self, text: str, after: int = 0) -> NewEvent:
        """Return the event of a part of the rest, which so much of it goes before."""
        return NewEvent(
            EventType.step_delta,
            {
                "step_id": self._step.id,
                "attempt": self._step.attempts,
                "text": text,
                "offset": self._saved_length + after,
                "length": len(text),
            },
        )

    def _delta(self, offset: int, text: str) -> LiveDelta:
        return LiveDelta(self._work.ref, self._step.id, self._step.attempts, offset, text)
