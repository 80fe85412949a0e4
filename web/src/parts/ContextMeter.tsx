import { windowSize } from "../lib/format";
import { t } from "../lib/strings";

const AMBER = 70;
const RED = 90;

/** How full a model's window was at its last call; the number always stands beside the bar. */
export function ContextMeter({ used, window }: { used: number; window: number }) {
  const percent = Math.min(100, Math.round((used / window) * 100));
  const colour = percent >= RED ? "bg-bad" : percent >= AMBER ? "bg-warn" : "bg-fg-3";
  return (
    <span className="num grid grid-cols-[minmax(0,1fr)_auto] items-center gap-2.5 text-12 text-fg-3">
      <span className="h-1 overflow-hidden rounded-full bg-line" aria-hidden>
        <span className={`block h-full rounded-full ${colour}`} style={{ width: `${percent}%` }} />
      </span>
      <span className="min-w-[78px] text-right">{t.panel.share(percent, windowSize(window))}</span>
    </span>
  );
}
