import type { Context } from "../../api/types";
import { agent as words } from "../../lib/strings.room";
import { NumberField } from "../../ui/NumberField";
import { Options } from "../../ui/Options";

interface Props {
  value: Context;
  onChange: (context: Context) => void;
}

const POLICIES = ["everything", "own", "last", "summary"] as const;
const LAST = 4;

/** What an agent is sent of the session, in words. */
export function SeesChoice({ value, onChange }: Props) {
  return (
    <Options
      label={words.sees}
      value={value.policy}
      onChange={(policy) =>
        onChange(policy === "last" ? { policy, last_turns: value.last_turns ?? LAST } : { policy })
      }
      options={POLICIES.map((policy) => ({
        value: policy,
        ...words.policies[policy],
        more: policy === "last" && (
          <div className="w-40 pt-1 pb-1 pl-6">
            <NumberField
              label={words.lastTurns}
              value={value.last_turns ?? null}
              min={1}
              max={1_000}
              placeholder={String(LAST)}
              onChange={(turns) => onChange({ policy, last_turns: turns ?? LAST })}
            />
          </div>
        ),
      }))}
    />
  );
}
