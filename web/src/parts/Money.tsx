import { usd } from "../lib/format";
import { t } from "../lib/strings";

interface Props {
  value: string | null;
  estimated?: boolean;
  /** Calls whose price is not known, beside those that the amount is for. */
  unpriced?: number;
}

/** An amount of dollars, or "unpriced". */
export function Money({ value, estimated = false, unpriced = 0 }: Props) {
  if (value === null) return <span className="chip chip-line">{usd(value)}</span>;
  return (
    <span className="num">
      {usd(value, estimated)}
      {unpriced > 0 && <span className="text-fg-3"> {t.money.plusUnpriced(unpriced)}</span>}
    </span>
  );
}
