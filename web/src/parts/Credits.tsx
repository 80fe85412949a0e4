import { creditsOf } from "../lib/format";
import { money as words } from "../lib/strings.money";

/** An amount of credits with its unit. */
export function Credits({ value }: { value: string }) {
  return <span className="num">{creditsText(value)}</span>;
}

/** "12.50 credits". */
export function creditsText(value: string): string {
  const shown = creditsOf(value);
  return words.amount(shown, Number(shown) === 1);
}
