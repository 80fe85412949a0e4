import { type ReactNode, useId } from "react";

interface Option<Value extends string> {
  value: Value;
  name: string;
  about?: string;
  /** Shown below it while it is chosen. */
  more?: ReactNode;
}

interface Props<Value extends string> {
  label: string;
  /** The label stands above already. */
  labelHidden?: boolean;
  options: Option<Value>[];
  value: Value;
  onChange: (value: Value) => void;
}

/** One of a few, each in a row with a line about it. */
export function Options<Value extends string>(props: Props<Value>) {
  const { label, labelHidden = false, options, value, onChange } = props;
  const group = useId();
  return (
    <fieldset className="field">
      <legend className={labelHidden ? "vh" : "legend"}>{label}</legend>
      <div className="opts">
        {options.map((option) => (
          <div key={option.value} className="opt">
            <label>
              <input
                type="radio"
                name={group}
                checked={option.value === value}
                onChange={() => onChange(option.value)}
              />
              <span>
                {option.name}
                {option.about && <small>{option.about}</small>}
              </span>
            </label>
            {option.value === value && option.more}
          </div>
        ))}
      </div>
    </fieldset>
  );
}
