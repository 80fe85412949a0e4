import { useMutation, useQueryClient } from "@tanstack/react-query";

import { undoSummary } from "../../api/calls";
import { summaries } from "../../api/queries";
import type { Summary } from "../../api/types";
import { summary as words } from "../../lib/strings.summary";
import { showToast } from "../../parts/toasts";
import { Dialog } from "../../ui/Dialog";

interface Props {
  summary: Summary;
  onClose: () => void;
}

const PARTS = [
  "key_facts",
  "decisions",
  "open_questions",
  "action_items",
  "figures_and_names",
] as const;

/** What agents read instead of older turns, and how to end that. */
export default function SummarySheet({ summary, onClose }: Props) {
  const client = useQueryClient();
  const undo = useMutation({
    mutationFn: () => undoSummary(summary),
    onSuccess: () => {
      onClose();
      showToast({ words: words.undone });
      return client.invalidateQueries({ queryKey: summaries(summary.session_id).queryKey });
    },
  });
  const { content, from_turn: from, to_turn: to } = summary;
  const showOriginals = () => {
    onClose();
    // The turns are above their marker, as they were.
    const first = document.querySelector(`[data-turn="${from}"]`);
    first?.scrollIntoView({ block: "start" });
  };
  return (
    <Dialog open onOpenChange={onClose} title={words.title(from, to)}>
      <p className="text-12 text-fg-3">
        {words.about} {summary.edited_by !== null && words.edited}
      </p>
      <div className="grid max-h-[50dvh] gap-3 overflow-y-auto text-13">
        <p className="whitespace-pre-wrap">{content.summary}</p>
        {PARTS.map((part) => {
          const items = content[part] ?? [];
          if (items.length === 0) return null;
          return (
            <section key={part} aria-label={words.parts[part]}>
              <h3 className="pb-1 text-12 font-medium text-fg-3">{words.parts[part]}</h3>
              <ul className="grid list-disc gap-1 pl-5">
                {items.map((item, index) => (
                  <li key={index}>
                    {item.text}{" "}
                    <span className="text-12 text-fg-3">{words.turns(item.turns)}</span>
                  </li>
                ))}
              </ul>
            </section>
          );
        })}
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
        <button type="button" className="btn btn-ink" onClick={onClose}>
          {words.close}
        </button>
      </div>
    </Dialog>
  );
}
