import { percentOf } from "../lib/format";
import { money as words } from "../lib/strings.money";

const AMBER = 80;
const RED = 100;

/** How much of a budget is spent; what is reserved stands behind it, paler. */
export function SpentBar({ spent, reserved, limit }: Record<"spent" | "reserved" | "limit", string>) {
  const percent = percentOf(spent, limit);
  const held = Math.min(100 - percent, percentOf(reserved, limit));
  const colour = percent >= RED ? "bg-bad" : percent >= AMBER ? "bg-warn" : "bg-fg-3";
  return (
    <span className="flex h-1 overflow-hidden rounded-full bg-line">
      <span className={`block h-full ${colour}`} style={{ width: `${percent}%` }} />
      <span className={`block h-full opacity-40 ${colour}`} style={{ width: `${held}%` }} />
      <span className="vh">{words.budgets.meter(Math.round(percent))}</span>
    </span>
  );
}
