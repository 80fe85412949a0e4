import { createElement } from "react";

import type { Summary } from "../../api/types";
import { diffRows, diffWords, type Piece } from "../../lib/diff";
import { summary as words } from "../../lib/strings.summary";

type Content = Summary["content"];

export const PARTS = [
  "key_facts",
  "decisions",
  "open_questions",
  "action_items",
  "figures_and_names",
] as const;

/** What a summary says; with `before`, what an earlier version said otherwise. */
export function SummaryText({ content, before }: { content: Content; before?: Content | undefined }) {
  const old = before ?? content;
  return (
    <>
      <p className="whitespace-pre-wrap">
        {diffWords(old.summary, content.summary).map((piece, index) => (
          <Mark key={index} kind={piece.kind}>
            {piece.text}
          </Mark>
        ))}
      </p>
      {PARTS.map((part) => {
        const rows = diffRows(old[part] ?? [], content[part] ?? [], (item) => item.text);
        if (rows.length === 0) return null;
        return (
          <section key={part} aria-label={words.parts[part]}>
            <h3 className="pb-1 text-12 font-medium text-fg-3">{words.parts[part]}</h3>
            <ul className="grid list-disc gap-1 pl-5">
              {rows.map(({ kind, row }, index) => (
                <li key={index}>
                  <Mark kind={kind}>{row.text}</Mark>{" "}
                  <span className="text-12 text-fg-3">{words.turns(row.turns)}</span>
                </li>
              ))}
            </ul>
          </section>
        );
      })}
    </>
  );
}

const TAGS = { same: "span", gone: "del", new: "ins" } as const;

/** Said by more than colour: `del` is struck, `ins` underlined. */
function Mark({ kind, children }: { kind: Piece["kind"]; children: string }) {
  return createElement(TAGS[kind], kind === "same" ? null : { className: `diff-${kind}` }, children);
}
