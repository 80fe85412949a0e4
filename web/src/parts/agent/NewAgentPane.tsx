import { useQuery } from "@tanstack/react-query";

import { models } from "../../api/queries";
import type { Agent } from "../../api/types";
import { agent as words } from "../../lib/strings.room";

import { AgentForm } from "./AgentForm";
import { AgentPane } from "./AgentPane";
import { SeesChoice } from "./SeesChoice";
import { useCreateAgent } from "./useCreateAgent";

interface Props {
  known: Agent[];
  onCreated: (agent: Agent) => void;
  onClose: () => void;
}

/** A new agent, beside the room in which it will sit. */
export function NewAgentPane({ known, onCreated, onClose }: Props) {
  const first = useQuery(models).data?.find((model) => model.available)?.id ?? "";
  const made = useCreateAgent(known, first, onCreated);
  return (
    <AgentPane
      fields={made.fields}
      onClose={onClose}
      foot={
        <button
          type="button"
          className="btn btn-ink"
          disabled={made.create.isPending}
          onClick={made.submit}
        >
          {words.create}
        </button>
      }
    >
      <AgentForm
        fields={made.fields}
        faults={made.faults}
        onChange={made.set}
        onName={made.setName}
        sees={
          <SeesChoice
            value={made.fields.context}
            onChange={(context) => made.set({ context })}
          />
        }
      />
      {made.create.error && (
        <p role="alert" className="pt-3 text-13 text-bad">
          {made.create.error.message}
        </p>
      )}
    </AgentPane>
  );
}
