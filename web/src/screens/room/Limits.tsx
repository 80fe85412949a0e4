import { useState } from "react";

import type { Mode } from "../../api/types";
import { room as words } from "../../lib/strings.room";
import { CreditsField, isAmount } from "../../parts/CreditsField";
import { useWallet } from "../../parts/useMoney";
import { NumberField } from "../../ui/NumberField";

import type { RoomFields } from "./draft";

/** What a turn may spend: an amount, not a number. */
const CREDITS = "credits";

interface Limit {
  min: number;
  max: number;
  seconds?: boolean;
  /** What holds where the room sets none. */
  standard: number;
}

/** Names, ranges and standards as the server has them. */
const LIMITS: Record<string, Limit> = {
  turn_seconds: { min: 1, max: 86_400, seconds: true, standard: 1_800 },
  step_seconds: { min: 1, max: 3_600, seconds: true, standard: 180 },
  parallel: { min: 1, max: 64, standard: 16 },
  rounds: { min: 1, max: 20, standard: 3 },
  calls: { min: 1, max: 200, standard: 12 },
  calls_per_agent: { min: 1, max: 50, standard: 3 },
  approval_seconds: { min: 10, max: 30 * 86_400, seconds: true, standard: 86_400 },
};

/** The limits that mean something in a mode. */
function limitsOf(mode: Mode, approve: RoomFields["approve"]): string[] {
  const names = ["turn_seconds", "step_seconds"];
  if (mode === "orchestrator") names.push("rounds", "calls", "calls_per_agent");
  if (mode !== "roundtable") names.push("parallel");
  if (approve !== "never") names.push("approval_seconds");
  return names;
}

interface Props {
  fields: RoomFields;
  onChange: (limits: RoomFields["limits"]) => void;
}

/** The caps of a turn. */
export function Limits({ fields, onChange }: Props) {
  const { limits } = fields;
  const charged = useWallet() !== undefined;
  // A limit that is set shows, whatever the mode is.
  const shown = Object.keys(LIMITS).filter(
    (name) => limitsOf(fields.mode, fields.approve).includes(name) || name in limits,
  );
  const set = (name: string, value: number | string | null) => {
    const others = Object.entries(limits).filter(([other]) => other !== name);
    onChange(Object.fromEntries(value === null ? others : [...others, [name, value]]));
  };
  return (
    <div className="grid grid-cols-[repeat(auto-fill,minmax(140px,1fr))] items-start gap-3">
      {(charged || CREDITS in limits) && (
        <TurnCredits value={limits[CREDITS]} onChange={(value) => set(CREDITS, value)} />
      )}
      {shown.map((name) => {
        const { min, max, seconds, standard } = LIMITS[name] as Limit;
        return (
          <NumberField
            key={name}
            label={words.limit[name] ?? name}
            value={name in limits ? Number(limits[name]) : null}
            min={min}
            max={max}
            unit={seconds ? words.unit.seconds : words.unit.none}
            placeholder={seconds ? words.standardSeconds(standard) : words.standard(standard)}
            onChange={(value) => set(name, value)}
          />
        );
      })}
    </div>
  );
}

interface TurnCreditsProps {
  value: number | string | undefined;
  onChange: (value: string | null) => void;
}

/** What a turn may spend at most. What is written and is no amount is shown as wrong, not taken. */
function TurnCredits({ value, onChange }: TurnCreditsProps) {
  const known = value === undefined ? "" : String(value);
  const [typed, setTyped] = useState({ known, text: known });
  // Another value from outside replaces what was typed.
  if (typed.known !== known) setTyped({ known, text: known });
  return (
    <CreditsField
      label={words.limit.credits ?? ""}
      value={typed.text}
      placeholder={words.noLimit}
      onChange={(text) => {
        if (text.trim() !== "" && !isAmount(text)) return setTyped({ known, text });
        setTyped({ known: text.trim(), text });
        onChange(text.trim() === "" ? null : text.trim());
      }}
    />
  );
}
