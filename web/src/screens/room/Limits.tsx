import type { Mode } from "../../api/types";
import { room as words } from "../../lib/strings.room";
import { NumberField } from "../../ui/NumberField";

import type { RoomFields } from "./draft";

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
  // A limit that is set shows, whatever the mode is.
  const shown = Object.keys(LIMITS).filter(
    (name) => limitsOf(fields.mode, fields.approve).includes(name) || name in limits,
  );
  return (
    <div className="grid grid-cols-[repeat(auto-fill,minmax(140px,1fr))] gap-3">
      {shown.map((name) => {
        const { min, max, seconds, standard } = LIMITS[name] as Limit;
        return (
          <NumberField
            key={name}
            label={words.limit[name] ?? name}
            value={limits[name] ?? null}
            min={min}
            max={max}
            unit={seconds ? words.unit.seconds : words.unit.none}
            placeholder={seconds ? words.standardSeconds(standard) : words.standard(standard)}
            onChange={(value) => {
              const others = Object.entries(limits).filter(([other]) => other !== name);
              onChange(Object.fromEntries(value === null ? others : [...others, [name, value]]));
            }}
          />
        );
      })}
    </div>
  );
}
