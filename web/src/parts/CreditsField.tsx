import { useEffect, useId, useRef } from "react";

import { money } from "../lib/strings.money";

const words = money.budgets;
const AMOUNT = /^\d{1,12}(\.\d{1,6})?$/;

/** Whether a text is an amount of credits above nothing, as the server takes it. */
export const isAmount = (text: string): boolean => AMOUNT.test(text.trim()) && /[1-9]/.test(text);

interface Props {
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** What holds while nothing is written. */
  placeholder?: string;
  /** Take the focus, for what was just asked for. */
  focused?: boolean;
}

/** An amount of credits; it stays the decimal text that was written. */
export function CreditsField({ label, value, onChange, placeholder, focused = false }: Props) {
  const help = useId();
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (focused) box.current?.select();
  }, [focused]);
  const bad = value.trim() !== "" && !isAmount(value);
  return (
    <label className="field">
      <span>{label}</span>
      <input
        ref={box}
        className="box max-w-48"
        inputMode="decimal"
        autoComplete="off"
        // Of itself what is wrong with it would belong to its name.
        aria-label={label}
        aria-describedby={bad ? help : undefined}
        value={value}
        placeholder={placeholder}
        maxLength={19}
        aria-invalid={bad || undefined}
        onChange={(event) => onChange(event.target.value.replace(",", "."))}
      />
      {bad && <small id={help} className="text-12 text-bad">{words.limitBad}</small>}
    </label>
  );
}
