import { liveTurn, type Timeline } from "../../api/timeline";
import { creditsOf, duration } from "../../lib/format";
import { money } from "../../lib/strings.money";
import { creditsText } from "../../parts/Credits";
import { SpentBar } from "../../parts/SpentBar";
import { useBudgets } from "../../parts/useMoney";

import type { Place } from "./usePlace";

const words = money.panel;
/** What holds where neither a turn nor the room says otherwise. */
const SEAT_SECONDS = 180;
const CALLS_PER_AGENT = 3;

interface Props {
  timeline: Timeline;
  place: Place;
}

/** What this session may spend and has spent, and how long a seat may take. */
export function PanelFoot({ timeline, place }: Props) {
  const { room_id, agent_id, id } = timeline.session;
  const here = new Set([room_id, agent_id, id]);
  const budgets = useBudgets().filter((budget) => here.has(budget.scope_id));
  const limits = liveTurn(timeline)?.limits ?? place.room.limits;
  const seconds = Number(limits.step_seconds ?? SEAT_SECONDS);
  const calls = Number(limits.calls_per_agent ?? CALLS_PER_AGENT);
  return (
    <div className="mt-auto grid gap-2 border-t border-line bg-surface px-4 py-3 text-12">
      {budgets.map((budget) => (
        <div key={budget.id} className="grid gap-1.5">
          <div className="kv">
            <span>{words.of[budget.period](words[budget.scope])}</span>
            <span className="num">
              {budget.spent === null
                ? creditsText(budget.limit)
                : words.spent(creditsOf(budget.spent), creditsText(budget.limit))}
            </span>
          </div>
          {budget.spent !== null && budget.reserved !== null && (
            <>
              <SpentBar spent={budget.spent} reserved={budget.reserved} limit={budget.limit} />
              <div className="kv">
                <span>{words.reserved}</span>
                <span className="num">{creditsText(budget.reserved)}</span>
              </div>
            </>
          )}
        </div>
      ))}
      {place.room.mode === "orchestrator" && (
        <div className="kv">
          <span>{words.callsOfOne}</span>
          <span className="num">{words.atMost(calls)}</span>
        </div>
      )}
      <div className="kv">
        <span>{words.seatTime}</span>
        <span className="num">{duration(seconds * 1_000)}</span>
      </div>
    </div>
  );
}
