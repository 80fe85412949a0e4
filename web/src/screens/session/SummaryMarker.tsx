import { useQuery } from "@tanstack/react-query";
import { FoldVertical } from "lucide-react";
import { lazy, Suspense, useState } from "react";

import { agents } from "../../api/queries";
import type { Summary } from "../../api/types";
import { summary as words } from "../../lib/strings.summary";

const SummarySheet = lazy(() => import("./SummarySheet"));

/** Where a summary ends: what stands above is read as its summary from here on. */
export function SummaryMarker({ summary }: { summary: Summary }) {
  const [open, setOpen] = useState(false);
  const known = useQuery(agents).data ?? [];
  const key = /^own:(.+)$/.exec(summary.scope)?.[1];
  const name = known.find((agent) => agent.key === key)?.name ?? key;
  const { from_turn: from, to_turn: to } = summary;
  return (
    <div className="marker">
      <FoldVertical className="icon icon-s" aria-hidden />
      <span>{name ? words.markerOf(name, from, to) : words.marker(from, to)}</span>
      <span className="num phone:hidden">{words.size(summary.tokens)}</span>
      <button
        type="button"
        className="link"
        aria-haspopup="dialog"
        aria-label={`${words.title(from, to)}: ${words.read}`}
        onClick={() => setOpen(true)}
      >
        {words.read}
      </button>
      {open && (
        <Suspense>
          <SummarySheet summary={summary} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </div>
  );
}
