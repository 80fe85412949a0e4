import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { rooms } from "../../api/queries";
import type { Agent } from "../../api/types";
import { room as words } from "../../lib/strings.room";
import { Notice } from "../../parts/Notice";
import { ScreenHead } from "../../parts/ScreenHead";
import { NewAgentPane } from "../../parts/agent/NewAgentPane";
import { fieldsOf } from "../../parts/agent/fields";
import { useNewSession } from "../../parts/useNewSession";
import { useTitle } from "../../parts/useTitle";

import { RoomForm } from "./RoomForm";
import { NEW_ROOM, type RoomFields, type SeatDraft } from "./draft";
import { makeRoom } from "./save";

/** A room that is being made. With it comes its first session. */
export function NewRoom({ agents }: { agents: Agent[] }) {
  const client = useQueryClient();
  const [fields, setFields] = useState<RoomFields>(NEW_ROOM);
  const [seats, setSeats] = useState<SeatDraft[]>([]);
  const [adding, setAdding] = useState(false);
  const [tried, setTried] = useState(false);
  const [key] = useState(() => crypto.randomUUID());
  const open = useNewSession();
  useTitle(words.new);
  const create = useMutation({
    mutationFn: async () => {
      const made = await makeRoom(fields, seats, key);
      await client.invalidateQueries({ queryKey: rooms.queryKey });
      await open.mutateAsync({ kind: "rooms", id: made.id });
    },
  });
  const incomplete =
    fields.name.trim() === "" || (fields.mode === "orchestrator" && fields.goal.trim() === "");
  const add = (agent: Agent) =>
    setSeats((old) => [...old, { agent_id: agent.id, muted: false, context: null }]);
  return (
    <main id="main" tabIndex={-1} className="editor">
      <ScreenHead title={words.new}>
        <button
          type="button"
          className="btn btn-ink"
          disabled={create.isPending}
          onClick={() => {
            setTried(true);
            if (!incomplete) create.mutate();
          }}
        >
          {words.create}
        </button>
      </ScreenHead>
      <div className={`editor-body ${adding ? "editor-two" : ""}`}>
        <div className="editor-left">
          <div className="mx-auto max-w-[760px]">
            {create.error && (
              <div className="pb-4">
                <Notice role="alert" onDismiss={() => create.reset()}>
                  {create.error.message}
                </Notice>
              </div>
            )}
            <RoomForm
              fields={fields}
              seats={seats}
              agents={agents}
              agentFields={fieldsOf}
              onFields={(part) => setFields((old) => ({ ...old, ...part }))}
              onSeats={setSeats}
              openId={null}
              onUnseat={(id) => setSeats((old) => old.filter((seat) => seat.agent_id !== id))}
              onNewAgent={() => setAdding(true)}
              forecast={undefined}
              unsaved={false}
              tried={tried}
            />
          </div>
        </div>
        {adding && (
          <NewAgentPane
            known={agents}
            onClose={() => setAdding(false)}
            onCreated={(agent) => {
              add(agent);
              setAdding(false);
            }}
          />
        )}
      </div>
    </main>
  );
}
