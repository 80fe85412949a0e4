import type { Forecast, Mode } from "../../api/types";
import { usdRange } from "../../lib/format";
import { t } from "../../lib/strings";
import type { SeatChoice } from "../../parts/composer/whoAnswers";

interface Props {
  mode: Mode;
  who: SeatChoice[];
  forecast: Forecast | undefined;
}

const NAMED = 3;

/** Who answers, in how many calls, and what it will cost at least and at most. */
export function ForecastNote({ mode, who, forecast }: Props) {
  const words = answering(mode, who, forecast);
  const cost = forecast && costOf(forecast);
  return (
    <>
      {words && (
        <span className={cost ? "hide-m phone:hidden" : mode === "orchestrator" ? "phone:hidden" : ""}>
          {words}
          {cost && ", "}
        </span>
      )}
      {cost}
    </>
  );
}

function answering(mode: Mode, who: SeatChoice[], forecast: Forecast | undefined): string {
  if (who.length === 0) return t.composer.nobody;
  if (mode === "orchestrator")
    return forecast ? t.composer.callsAtMost(forecast.calls.high) : t.composer.manager;
  if (mode === "direct") return "";
  if (who.length > NAMED) return t.composer.calls(forecast?.calls.high ?? who.length);
  return t.composer.answers(who.map((seat) => seat.name));
}

function costOf({ cost_usd, unpriced }: Forecast): string {
  if (cost_usd === null) return t.money.unpriced;
  const range = usdRange(cost_usd.low, cost_usd.high);
  return unpriced.length > 0 ? `${range} ${t.money.plusSome}` : range;
}
