import { useQuery } from "@tanstack/react-query";

import { models } from "../../api/queries";
import type { Agent } from "../../api/types";
import { agent as words } from "../../lib/strings.room";
import { Notice } from "../../parts/Notice";
import { ScreenHead } from "../../parts/ScreenHead";
import { AgentForm } from "../../parts/agent/AgentForm";
import { SeesChoice } from "../../parts/agent/SeesChoice";
import { useCreateAgent } from "../../parts/agent/useCreateAgent";
import { useNewSession } from "../../parts/useNewSession";
import { useTitle } from "../../parts/useTitle";

/** An agent that is being made. With it comes its first session. */
export function NewAgent({ known }: { known: Agent[] }) {
  const first = useQuery(models).data?.find((model) => model.available)?.id ?? "";
  const open = useNewSession();
  const made = useCreateAgent(known, first, (agent) =>
    open.mutate({ kind: "agents", id: agent.id }),
  );
  const problem = made.create.error ?? open.error;
  useTitle(words.new);
  return (
    <main id="main" tabIndex={-1} className="editor">
      <ScreenHead title={words.new}>
        <button
          type="button"
          className="btn btn-ink"
          disabled={made.create.isPending || open.isPending}
          onClick={made.submit}
        >
          {words.create}
        </button>
      </ScreenHead>
      <div className="editor-left">
        <div className="mx-auto grid max-w-[560px] gap-4">
          {problem && <Notice role="alert">{problem.message}</Notice>}
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
        </div>
      </div>
    </main>
  );
}
