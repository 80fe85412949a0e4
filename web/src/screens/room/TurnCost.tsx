import { ChartNoAxesColumn } from "lucide-react";

import type { Forecast } from "../../api/types";
import { isFree, usdRange } from "../../lib/format";
import { room as words } from "../../lib/strings.room";

interface Props {
  forecast: Forecast | undefined;
  /** Changes that the forecast does not know of. */
  unsaved: boolean;
}

/** What a turn of the room costs, in a line. */
export function TurnCost({ forecast, unsaved }: Props) {
  return (
    <p className="num mb-6 flex items-start gap-2 rounded-m bg-sunken px-3 py-2.5 text-13">
      <ChartNoAxesColumn className="icon mt-0.5 text-fg-2" aria-hidden />
      <span>
        {forecast ? <Words forecast={forecast} /> : words.costUnknown}
        {forecast && unsaved && <span className="text-fg-3"> {words.costAsSaved}</span>}
      </span>
    </p>
  );
}

function Words({ forecast }: { forecast: Forecast }) {
  const { cost_usd: cost, unpriced, agents } = forecast;
  const calls = words.calls(forecast.calls.low, forecast.calls.high);
  const someUnpriced = unpriced.length > 0;
  const allUnpriced = someUnpriced && agents.every((agent) => unpriced.includes(agent.model));
  if (cost === null || allUnpriced) return words.costOnlyUnpriced(calls);
  if (isFree(cost.high) && !someUnpriced) return words.costFree(calls);
  return (
    <>
      {words.costLead(calls)}
      <strong className="font-semibold">{usdRange(cost.low, cost.high)}</strong>
      {someUnpriced && words.costUnpriced(unpriced)}.
    </>
  );
}
