import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { rooms } from "../../api/queries";
import type { Agent } from "../../api/types";
import { agent as words, room as roomWords } from "../../lib/strings.room";
import { Notice } from "../../parts/Notice";
import { ScreenHead } from "../../parts/ScreenHead";
import { AgentForm } from "../../parts/agent/AgentForm";
import { PromptHistory } from "../../parts/agent/PromptHistory";
import { SeesChoice } from "../../parts/agent/SeesChoice";
import { TestCall } from "../../parts/agent/TestCall";
import { faultsOf } from "../../parts/agent/fields";
import { useTitle } from "../../parts/useTitle";

import { AgentMenu } from "./AgentMenu";
import { useAgentEditor } from "./useAgentEditor";

/** The editor of an agent that is there. */
export function AgentEditor({ agent, known }: { agent: Agent; known: Agent[] }) {
  const editor = useAgentEditor(agent);
  const { fields, count, save } = editor;
  const faults = faultsOf(
    fields,
    known.filter((other) => other.id !== agent.id),
  );
  const used = (useQuery(rooms).data ?? []).filter((room) =>
    room.agents.some((seat) => seat.agent_id === agent.id),
  ).length;
  const [saved, setSaved] = useState(false);
  useTitle(`${agent.name} · ${words.edit}`);
  return (
    <main id="main" tabIndex={-1} className="editor">
      <ScreenHead within={agent.name} title={words.edit} menu={<AgentMenu agent={agent} />}>
        <span role="status" className="text-12 text-fg-3 phone:hidden">
          {count > 0 ? roomWords.unsaved(count) : saved ? roomWords.saved : ""}
        </span>
        {count > 0 && (
          <button
            type="button"
            className="btn btn-ghost"
            disabled={save.isPending}
            onClick={editor.discard}
          >
            {roomWords.discard}
          </button>
        )}
        <button
          type="button"
          className="btn btn-ink"
          disabled={count === 0 || save.isPending || Object.keys(faults).length > 0}
          onClick={() => save.mutate(undefined, { onSuccess: () => setSaved(true) })}
        >
          {save.isPending ? roomWords.saving : words.save}
        </button>
      </ScreenHead>
      <div className="editor-left">
        <div className="mx-auto grid max-w-[560px] gap-4">
          {editor.notice && (
            <Notice role="alert" onDismiss={editor.dismiss}>
              {editor.notice}
            </Notice>
          )}
          {save.error && (
            <Notice role="alert" onDismiss={() => save.reset()}>
              {save.error.message}
            </Notice>
          )}
          <p className="text-13 text-fg-3">{words.usedInRooms(used)}</p>
          <AgentForm
            fields={fields}
            faults={faults}
            onChange={editor.set}
            prompts={
          <PromptHistory agent={agent} onUse={(text) => editor.set({ role_prompt: text })} />
        }
        sees={
              <SeesChoice value={fields.context} onChange={(context) => editor.set({ context })} />
            }
          />
          <TestCall agentId={agent.id} unsaved={count > 0} />
        </div>
      </div>
    </main>
  );
}
