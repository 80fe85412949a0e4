import { Undo2, X } from "lucide-react";
import { useId, useState } from "react";

import type { Assignment, OpenApproval, Turn, Word } from "../api/types";
import { moment } from "../lib/format";
import { t } from "../lib/strings";
import { IconButton } from "../ui/IconButton";

import { Avatar } from "./Avatar";
import { nameOfKey } from "./plan";

interface Props {
  turn: Turn;
  approval: OpenApproval;
  /** The word is on its way. */
  deciding: boolean;
  /** Absent where it cannot be given. */
  onDecide: ((turn: Turn, word: Word) => void) | undefined;
}

interface Draft extends Assignment {
  dropped: boolean;
}

/** What a waiting turn asks: to let it go on, as it is or changed, or to stop it. */
export function ApprovalBox({ turn, approval, deciding, onDecide }: Props) {
  const { proposal } = approval;
  const [drafts, setDrafts] = useState<Draft[]>(() =>
    proposal.kind === "assignments"
      ? proposal.assignments.map((item) => ({ ...item, dropped: false }))
      : [],
  );
  const [note, setNote] = useState("");
  const id = useId();

  const kept = drafts.filter((draft) => !draft.dropped);
  const byRounds = proposal.kind === "assignments";
  const hint = byRounds
    ? kept.length === 0
      ? t.approval.keepOne
      : kept.some((draft) => draft.brief.trim() === "")
        ? t.approval.briefMissing
        : null
    : null;
  const blocked = deciding || !onDecide;
  const change = (at: number, part: Partial<Draft>) =>
    setDrafts((held) => held.map((draft, index) => (index === at ? { ...draft, ...part } : draft)));
  const decide = (action: Word["action"]) => {
    const changed =
      proposal.kind === "assignments" &&
      (kept.length < drafts.length ||
        kept.some((draft, index) => draft.brief !== proposal.assignments[index]?.brief));
    onDecide?.(turn, {
      action,
      ...(action === "approve" &&
        changed && { assignments: kept.map(({ agent, brief }) => ({ agent, brief })) }),
      ...(note.trim() !== "" && { note: note.trim() }),
    });
  };

  return (
    <section className="ask" aria-labelledby={`${id}-title`}>
      <header className="ask-head">
        <h3 id={`${id}-title`} className="font-semibold">
          {proposal.kind === "next_agent"
            ? t.approval.next(nameOfKey(turn, proposal.agent))
            : t.approval.title}
        </h3>
        {approval.expires_at && (
          <span className="text-12 text-fg-3">
            {t.approval.until(moment(approval.expires_at))}
          </span>
        )}
      </header>
      {drafts.length > 0 && (
        <ul className="grid">
          {drafts.map((draft, index) => (
            <Row
              key={index}
              turn={turn}
              draft={draft}
              disabled={blocked}
              onChange={(part) => change(index, part)}
            />
          ))}
        </ul>
      )}
      <label className="field px-3 pt-2.5">
        <span>{byRounds ? t.approval.note : t.approval.interject}</span>
        <textarea
          className="box grow-box"
          rows={1}
          value={note}
          placeholder={byRounds ? t.approval.noteHelp : t.approval.interjectHelp}
          disabled={blocked}
          onChange={(event) => setNote(event.target.value)}
        />
      </label>
      <div className="ask-acts">
        {hint && (
          <span className="flex-1 text-12 text-warn" role="status">
            {hint}
          </span>
        )}
        <button
          type="button"
          className="btn btn-bad"
          title={byRounds ? t.approval.stopRounds : t.approval.stopTable}
          disabled={blocked}
          onClick={() => decide("stop")}
        >
          {t.approval.stop}
        </button>
        <button
          type="button"
          className="btn btn-ink"
          disabled={blocked || hint !== null}
          onClick={() => decide("approve")}
        >
          {deciding ? t.approval.deciding : byRounds ? t.approval.approve : t.approval.goOn}
        </button>
      </div>
    </section>
  );
}

interface RowProps {
  turn: Turn;
  draft: Draft;
  disabled: boolean;
  onChange: (part: Partial<Draft>) => void;
}

function Row({ turn, draft, disabled, onChange }: RowProps) {
  const name = nameOfKey(turn, draft.agent);
  const color = turn.roster.find((seat) => seat.key === draft.agent)?.color ?? 0;
  return (
    <li className="ask-row" data-c={color} data-dropped={draft.dropped || undefined}>
      <Avatar name={name} color={color} size="s" off={draft.dropped} />
      <span className="cut font-strong">{name}</span>
      {draft.dropped ? (
        <s className="cut text-fg-3">{draft.brief}</s>
      ) : (
        <textarea
          className="box grow-box"
          rows={2}
          aria-label={t.approval.brief(name)}
          value={draft.brief}
          disabled={disabled}
          onChange={(event) => onChange({ brief: event.target.value })}
        />
      )}
      <IconButton
        label={draft.dropped ? t.approval.restore(name) : t.approval.drop(name)}
        small
        disabled={disabled}
        onClick={() => onChange({ dropped: !draft.dropped })}
      >
        {draft.dropped ? (
          <Undo2 className="icon icon-s" aria-hidden />
        ) : (
          <X className="icon icon-s" aria-hidden />
        )}
      </IconButton>
    </li>
  );
}
