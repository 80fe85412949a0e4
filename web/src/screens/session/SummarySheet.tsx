import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { undoSummary } from "../../api/calls";
import { summaries } from "../../api/queries";
import type { Summary } from "../../api/types";
import { moment } from "../../lib/format";
import { summary as words } from "../../lib/strings.summary";
import { showToast } from "../../parts/toasts";
import { Dialog } from "../../ui/Dialog";

import { SummaryEdit } from "./SummaryEdit";
import { SummaryText } from "./SummaryText";

interface Props {
  summary: Summary;
  onClose: () => void;
}

/** What agents read instead of older turns: read, compared with what it was, changed, undone. */
export default function SummarySheet({ summary, onClose }: Props) {
  const [editing, setEditing] = useState(false);
  return (
    <Dialog open onOpenChange={onClose} title={words.title(summary.from_turn, summary.to_turn)}>
      {editing ? (
        <SummaryEdit summary={summary} onSaved={onClose} onCancel={() => setEditing(false)} />
      ) : (
        <Reading summary={summary} onClose={onClose} onEdit={() => setEditing(true)} />
      )}
    </Dialog>
  );
}

function Reading({ summary, onClose, onEdit }: Props & { onEdit: () => void }) {
  const client = useQueryClient();
  const known = useQuery(summaries(summary.session_id)).data ?? [];
  const earlier = versionsBefore(summary, known);
  const [comparedId, setComparedId] = useState("");
  const compared = earlier.find((other) => other.id === comparedId);
  const undo = useMutation({
    mutationFn: () => undoSummary(summary),
    onSuccess: () => {
      onClose();
      showToast({ words: words.undone });
      return client.invalidateQueries({ queryKey: summaries(summary.session_id).queryKey });
    },
  });
  const showOriginals = () => {
    onClose();
    // The turns are above their marker, as they were.
    const first = document.querySelector(`[data-turn="${summary.from_turn}"]`);
    first?.scrollIntoView({ block: "start" });
  };
  return (
    <>
      <p className="text-12 text-fg-3">
        {words.about} {summary.edited_by !== null && words.edited}
      </p>
      {earlier.length > 0 && (
        <label className="flex items-center gap-2 text-12">
          <span className="text-fg-3">{words.compare}</span>
          <select
            className="box w-auto"
            value={comparedId}
            onChange={(event) => setComparedId(event.target.value)}
          >
            <option value="">{words.compareNone}</option>
            {earlier.map((other) => (
              <option key={other.id} value={other.id}>
                {words.version(other.from_turn, other.to_turn, moment(other.created_at))}
              </option>
            ))}
          </select>
        </label>
      )}
      <div className="grid max-h-[50dvh] gap-3 overflow-y-auto text-13">
        <SummaryText content={summary.content} before={compared?.content} />
        {summary.dropped.length > 0 && (
          <p className="text-12 text-warn">{words.dropped(summary.dropped.length)}</p>
        )}
      </div>
      {undo.error && (
        <p role="alert" className="text-13 text-bad">
          {undo.error.message}
        </p>
      )}
      <div className="flex flex-wrap justify-end gap-2">
        <button type="button" className="btn" onClick={showOriginals}>
          {words.originals}
        </button>
        <button
          type="button"
          className="btn"
          disabled={undo.isPending}
          onClick={() => undo.mutate()}
        >
          {words.undo}
        </button>
        <button type="button" className="btn" onClick={onEdit}>
          {words.edit}
        </button>
        <button type="button" className="btn btn-ink" onClick={onClose}>
          {words.close}
        </button>
      </div>
    </>
  );
}

/** The versions that a summary came from, the newest first. */
function versionsBefore(summary: Summary, known: Summary[]): Summary[] {
  const found: Summary[] = [];
  let id = summary.previous_id;
  while (id !== null) {
    const before = known.find((other) => other.id === id);
    if (!before || found.includes(before)) break;
    found.push(before);
    id = before.previous_id;
  }
  return found;
}
