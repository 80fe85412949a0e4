import { type ReactNode, useId } from "react";

import { count } from "../../lib/format";
import { agent as words } from "../../lib/strings.room";
import { NumberField } from "../../ui/NumberField";
import { ModelPicker } from "../ModelPicker";

import { type AgentFields, estimateTokens, type Faults } from "./fields";

interface Props {
  fields: AgentFields;
  onChange: (part: Partial<AgentFields>) => void;
  faults: Faults;
  /** The name makes the key, until that was changed. */
  onName?: (name: string) => void;
  /** What it sees: of every session, or in a room. */
  sees: ReactNode;
  /** Beside the role prompt's title. */
  prompts?: ReactNode;
}

const COLORS = [1, 2, 3, 4, 5, 6, 7, 8];
const EFFORTS = ["", "none", "minimal", "low", "medium", "high", "xhigh"];

/** All that can be said of an agent. */
export function AgentForm({ fields, onChange, faults, onName, sees, prompts }: Props) {
  const { parameters } = fields;
  const keyHelp = useId();
  const group = useId();
  const setParameter = (part: Partial<AgentFields["parameters"]>) => {
    const all = Object.entries({ ...parameters, ...part });
    onChange({ parameters: Object.fromEntries(all.filter(([, value]) => value !== null)) });
  };
  return (
    <div className="grid gap-4">
      <div className="grid grid-cols-2 gap-3 tiny:grid-cols-1">
        <label className="field content-start">
          <span>{words.name}</span>
          <input
            className="box"
            value={fields.name}
            maxLength={200}
            aria-invalid={faults.name ? true : undefined}
            onChange={(event) =>
              onName ? onName(event.target.value) : onChange({ name: event.target.value })
            }
          />
          {faults.name && <small className="text-12 text-bad">{faults.name}</small>}
        </label>
        <label className="field content-start">
          <span>{words.key}</span>
          <span className="box box-unit font-mono">
            <span className="text-fg-3" aria-hidden>
              @
            </span>
            <input
              value={fields.key}
              maxLength={32}
              spellCheck={false}
              autoCapitalize="none"
              aria-invalid={faults.key ? true : undefined}
              aria-describedby={keyHelp}
              onChange={(event) => onChange({ key: event.target.value.toLowerCase() })}
            />
          </span>
          <small id={keyHelp} className={faults.key ? "text-12 text-bad" : "vh"}>
            {faults.key ?? words.keyHelp}
          </small>
        </label>
      </div>
      <fieldset className="field">
        <legend className="legend">{words.color}</legend>
        <div className="swatches">
          {COLORS.map((color) => (
            <label key={color} data-c={color} title={words.colorOf(color)}>
              <input
                type="radio"
                name={group}
                className="vh"
                checked={fields.color === color}
                aria-label={words.colorOf(color)}
                onChange={() => onChange({ color })}
              />
              <span aria-hidden />
            </label>
          ))}
        </div>
      </fieldset>
      <ModelPicker
        label={words.model}
        value={fields.model}
        fault={faults.model}
        onChange={(model) => onChange({ model })}
      />
      <div className="field">
        <span className="flex justify-between gap-2">
          <label htmlFor={`${group}-prompt`}>{words.prompt}</label>
          <span className="num flex gap-3 font-normal text-fg-3">
            {words.promptTokens(count(estimateTokens(fields.role_prompt)))}
            {prompts}
          </span>
        </span>
        <textarea
          id={`${group}-prompt`}
          className="box min-h-28 resize-y field-sizing-content max-h-80"
          rows={5}
          value={fields.role_prompt}
          maxLength={200_000}
          placeholder={words.promptPlaceholder}
          onChange={(event) => onChange({ role_prompt: event.target.value })}
        />
      </div>
      {sees}
      <div className="grid grid-cols-[repeat(auto-fit,minmax(150px,1fr))] gap-3">
        <NumberField
          label={words.reply}
          value={parameters.max_output_tokens ?? null}
          min={1}
          max={1_000_000}
          unit={words.tokens}
          placeholder={words.standard}
          onChange={(max_output_tokens) => setParameter({ max_output_tokens })}
        />
        <NumberField
          label={words.temperature}
          value={parameters.temperature ?? null}
          min={0}
          max={2}
          whole={false}
          placeholder={words.standard}
          onChange={(temperature) => setParameter({ temperature })}
        />
        <label className="field content-start">
          <span>{words.effort}</span>
          <select
            className="box"
            value={parameters.reasoning_effort ?? ""}
            onChange={(event) =>
              setParameter({
                reasoning_effort: (event.target.value || null) as typeof parameters.reasoning_effort,
              })
            }
          >
            {EFFORTS.map((effort) => (
              <option key={effort} value={effort}>
                {words.efforts[effort]}
              </option>
            ))}
          </select>
        </label>
      </div>
    </div>
  );
}
