import { usd } from "../lib/format";

interface Props {
  value: string | null;
  estimated?: boolean;
}

/** An amount of dollars, or "unpriced". */
export function Money({ value, estimated = false }: Props) {
  if (value === null) return <span className="chip chip-line">{usd(value)}</span>;
  return <span className="num">{usd(value, estimated)}</span>;
}
