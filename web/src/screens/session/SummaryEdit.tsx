import { useMutation, useQueryClient } from "@tanstack/react-query";
import { X } from "lucide-react";
import { type FormEvent, useState } from "react";

import { editSummary } from "../../api/calls";
import { summaries } from "../../api/queries";
import type { Summary, SummaryChange } from "../../api/types";
import { t } from "../../lib/strings";
import { summary as words } from "../../lib/strings.summary";
import { showToast } from "../../parts/toasts";
import { IconButton } from "../../ui/IconButton";

import { PARTS } from "./SummaryText";

type Content = Summary["content"];

interface Props {
  summary: Summary;
  onSaved: () => void;
  onCancel: () => void;
}

/** A summary in other words. Its statements can be changed and left out, not made up. */
export function SummaryEdit({ summary, onSaved, onCancel }: Props) {
  const client = useQueryClient();
  const [draft, setDraft] = useState<Content>(summary.content);
  const change = changeOf(summary.content, draft);
  const save = useMutation({
    mutationFn: (body: SummaryChange) => editSummary(summary, body),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: summaries(summary.session_id).queryKey });
      showToast({ words: words.saved });
      onSaved();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (change) save.mutate(change);
  };
  return (
    <form className="grid gap-4" onSubmit={submit} noValidate>
      <p className="text-12 text-fg-3">{words.editHelp}</p>
      <div className="grid max-h-[50dvh] gap-3 overflow-y-auto p-0.5 text-13">
        <textarea
          className="box field-sizing-content max-h-60 min-h-24"
          aria-label={words.text}
          value={draft.summary}
          onChange={(event) => setDraft({ ...draft, summary: event.target.value })}
        />
        {PARTS.map((part) => {
          const items = draft[part] ?? [];
          if (items.length === 0) return null;
          const set = (next: typeof items) => setDraft({ ...draft, [part]: next });
          return (
            <fieldset key={part} className="field">
              <legend className="legend">{words.parts[part]}</legend>
              {items.map((item, index) => (
                <span key={index} className="flex items-start gap-1">
                  <textarea
                    className="box field-sizing-content min-h-9 flex-1"
                    rows={1}
                    aria-label={words.itemOf(words.parts[part], index + 1)}
                    value={item.text}
                    onChange={(event) =>
                      set(items.with(index, { ...item, text: event.target.value }))
                    }
                  />
                  {/* A summary has one fact at least. */}
                  {(part !== "key_facts" || items.length > 1) && (
                    <IconButton
                      label={words.dropItem(item.text)}
                      small
                      onClick={() => set(items.toSpliced(index, 1))}
                    >
                      <X className="icon icon-s" aria-hidden />
                    </IconButton>
                  )}
                </span>
              ))}
            </fieldset>
          );
        })}
      </div>
      {save.error && (
        <p role="alert" className="text-13 text-bad">
          {save.error.message}
        </p>
      )}
      <div className="flex justify-end gap-2">
        <button type="button" className="btn" onClick={onCancel}>
          {t.session.cancel}
        </button>
        <button type="submit" className="btn btn-ink" disabled={change === null || save.isPending}>
          {words.save}
        </button>
      </div>
    </form>
  );
}

/** What is to be sent; `null` while nothing differs, or something is left empty. */
export function changeOf(before: Content, draft: Content): SummaryChange | null {
  const texts = [draft.summary, ...PARTS.flatMap((part) => draft[part] ?? []).map((i) => i.text)];
  if (texts.some((text) => text.trim() === "")) return null;
  const change: SummaryChange = {};
  if (draft.summary !== before.summary) change.summary = draft.summary;
  for (const part of PARTS) {
    if (JSON.stringify(draft[part]) === JSON.stringify(before[part])) continue;
    const items = draft[part] ?? [];
    if (part === "key_facts") change.key_facts = items;
    else change[part] = items.length > 0 ? items : null;
  }
  return Object.keys(change).length > 0 ? change : null;
}
