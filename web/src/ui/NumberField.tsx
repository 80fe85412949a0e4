import { useState } from "react";

interface Props {
  label: string;
  /** `null`: none is set. */
  value: number | null;
  onChange: (value: number | null) => void;
  min: number;
  max: number;
  /** Behind the number: "s", "tokens". */
  unit?: string;
  /** What holds while none is set. */
  placeholder: string;
  whole?: boolean;
}

/** A number, or none. What is typed and is no number in the range is shown as wrong, not taken. */
export function NumberField(props: Props) {
  const { label, value, onChange, min, max, unit, placeholder, whole = true } = props;
  const [typed, setTyped] = useState({ value, text: value === null ? "" : String(value) });
  // Another value from outside replaces what was typed.
  if (typed.value !== value) setTyped({ value, text: value === null ? "" : String(value) });
  const bad = typed.text.trim() !== "" && parsed(typed.text, min, max, whole) === null;
  return (
    <label className="field">
      <span>{label}</span>
      <span className="box box-unit">
        <input
          inputMode={whole ? "numeric" : "decimal"}
          value={typed.text}
          placeholder={placeholder}
          aria-invalid={bad || undefined}
          title={`${min} – ${max.toLocaleString()}`}
          onChange={(event) => {
            const text = event.target.value;
            const number = text.trim() === "" ? null : parsed(text, min, max, whole);
            if (text.trim() !== "" && number === null) return setTyped({ value, text });
            setTyped({ value: number, text });
            onChange(number);
          }}
          onBlur={() => setTyped({ value, text: value === null ? "" : String(value) })}
        />
        {unit && typed.text !== "" && <span className="text-fg-3">{unit}</span>}
      </span>
    </label>
  );
}

function parsed(text: string, min: number, max: number, whole: boolean): number | null {
  const number = Number(text.trim().replace(",", "."));
  const fits = Number.isFinite(number) && number >= min && number <= max;
  return fits && (!whole || Number.isInteger(number)) ? number : null;
}
