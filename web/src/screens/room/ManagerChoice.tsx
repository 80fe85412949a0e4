import type { Agent, Manager } from "../../api/types";
import { room as words } from "../../lib/strings.room";
import { ModelPicker } from "../../parts/ModelPicker";
import { Options } from "../../ui/Options";

interface Props {
  value: Manager | null;
  agents: Agent[];
  /** The model that a model's choice begins with. */
  model: string;
  onChange: (manager: Manager | null) => void;
}

type Kind = "first" | "agent" | "model";

/** Who manages an orchestrated turn. */
export function ManagerChoice({ value, agents, model, onChange }: Props) {
  const kind: Kind = value?.agent_id ? "agent" : value?.model ? "model" : "first";
  const choose = (picked: Kind) => {
    if (picked === "first") onChange(null);
    else if (picked === "agent") onChange(agents[0] ? { agent_id: agents[0].id } : null);
    else onChange({ model });
  };
  const kinds: Kind[] = agents.length > 0 ? ["first", "agent", "model"] : ["first", "model"];
  return (
    <Options
      label={words.manager}
      labelHidden
      value={kind}
      onChange={choose}
      options={kinds.map((name) => ({
        value: name,
        ...words.managerKinds[name],
        more: name !== "first" && (
          <div className="grid gap-3 pt-2 pb-1 pl-6">
            {name === "agent" ? (
              <label className="field">
                <span>{words.managerAgent}</span>
                <select
                  className="box"
                  value={value?.agent_id ?? ""}
                  onChange={(event) => onChange({ agent_id: event.target.value })}
                >
                  {agents.map((agent) => (
                    <option key={agent.id} value={agent.id}>
                      {agent.name} (@{agent.key})
                    </option>
                  ))}
                </select>
              </label>
            ) : (
              <>
                <ModelPicker
                  label={words.managerModel}
                  value={value?.model ?? ""}
                  onChange={(picked) => onChange({ ...value, model: picked })}
                />
                <label className="field">
                  <span>{words.managerPrompt}</span>
                  <textarea
                    className="box max-h-60 min-h-16 field-sizing-content"
                    rows={2}
                    value={value?.prompt ?? ""}
                    placeholder={words.managerPromptHelp}
                    maxLength={200_000}
                    onChange={(event) =>
                      onChange({ model: value?.model ?? model, prompt: event.target.value || null })
                    }
                  />
                </label>
              </>
            )}
          </div>
        ),
      }))}
    />
  );
}
