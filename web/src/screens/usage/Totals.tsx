import { useQuery } from "@tanstack/react-query";

import { sums } from "../../api/usage";
import { addDecimals, count, creditsOf, isFree, large, percentOf, usd } from "../../lib/format";
import { money } from "../../lib/strings.money";
import { usage as words } from "../../lib/strings.usage";
import { creditsText } from "../../parts/Credits";
import { useBudgets } from "../../parts/useMoney";

import { medianOf } from "./series";

/** Spent, calls, tokens, and what a turn costs. */
export function Totals({ from }: { from: string }) {
  const all = useQuery(sums(from, "purpose")).data?.items.map((item) => item.usage) ?? [];
  const turns = useQuery(sums(from, "turn")).data;
  const cost = addDecimals(all.map((usage) => usage.cost_usd));
  const credits = addDecimals(all.map((usage) => usage.credits));
  const add = (of: (usage: (typeof all)[number]) => number) =>
    all.reduce((sum, usage) => sum + of(usage), 0);
  const unpriced = add((usage) => usage.unpriced_calls);
  const read = add((usage) => usage.input_tokens);
  const cached = add((usage) => usage.cached_input_tokens);
  const estimated = all.some((usage) => usage.estimated);
  // A test call belongs to no turn.
  const ofTurns = turns?.items.filter((item) => typeof item.turn === "string") ?? [];
  const typical = turns?.whole
    ? medianOf(ofTurns.map((item) => item.usage.cost_usd))
    : (ofTurns[0]?.usage.cost_usd ?? null);
  const monthly = useBudgets().find(
    (budget) => budget.scope === "workspace" && budget.period === "month",
  );
  const spentNote = [
    isFree(credits) || credits === null
      ? cost !== null && isFree(cost) && words.free
      : creditsText(credits),
    monthly?.spent &&
      money.budgets.ofMonth(
        creditsOf(monthly.limit),
        Math.round(percentOf(monthly.spent, monthly.limit)),
      ),
    estimated && words.estimated,
  ]
    .filter(Boolean)
    .join(", ");
  return (
    <dl className="stats num">
      <Stat name={words.spent} value={usd(cost, estimated)} note={spentNote} />
      <Stat
        name={words.calls}
        value={count(add((usage) => usage.calls))}
        note={unpriced > 0 ? words.unpriced(unpriced) : words.allPriced}
      />
      <Stat
        name={words.tokens}
        value={large(read + add((usage) => usage.output_tokens))}
        note={words.cached(read > 0 ? Math.round((100 * cached) / read) : 0)}
      />
      <Stat
        name={turns?.whole === false ? words.dearestTurn : words.medianTurn}
        value={ofTurns.length > 0 ? usd(typical) : "–"}
        note={
          turns?.whole === false
            ? ""
            : ofTurns.length > 0
              ? words.turns(ofTurns.length)
              : words.noTurns
        }
      />
    </dl>
  );
}

function Stat({ name, value, note }: { name: string; value: string; note: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value}
        <small>{note}</small>
      </dd>
    </div>
  );
}
