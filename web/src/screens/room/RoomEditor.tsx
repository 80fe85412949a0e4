import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { rooms as roomsQuery } from "../../api/queries";
import type { Agent, Room } from "../../api/types";
import { room as words } from "../../lib/strings.room";
import { Notice } from "../../parts/Notice";
import { ScreenHead } from "../../parts/ScreenHead";
import { NewAgentPane } from "../../parts/agent/NewAgentPane";
import { faultsOf } from "../../parts/agent/fields";
import { useTitle } from "../../parts/useTitle";

import { RoomForm } from "./RoomForm";
import { RoomMenu } from "./RoomMenu";
import { SeatPane } from "./SeatPane";
import { openerId } from "./SeatRow";
import type { SeatDraft } from "./draft";
import { useRoomEditor } from "./useRoomEditor";
import { useTurnForecast } from "./useTurnForecast";

/** What stands at the right: an agent's editor, a new agent's, or nothing. */
const NEW = "new";

/** The editor of a room that is there. */
export function RoomEditor({ room, agents }: { room: Room; agents: Agent[] }) {
  const editor = useRoomEditor(room, agents);
  const allRooms = useQuery(roomsQuery).data ?? [];
  const [openId, setOpenId] = useState<string | null>(null);
  const [tried, setTried] = useState(false);
  const { fields, seats, changes, save } = editor;
  const forecast = useTurnForecast(room, fields.mode);
  useTitle(`${fields.name || room.name} · ${words.edit}`);

  const seat = seats.find((other) => other.agent_id === openId);
  const agent = agents.find((other) => other.id === openId);
  const faultsFor = (one: Agent) =>
    faultsOf(
      editor.agentFields(one),
      agents.filter((other) => other.id !== one.id),
    );
  const faulty = agents.find(
    (one) => editor.isEdited(one.id) && Object.keys(faultsFor(one)).length > 0,
  );
  const incomplete =
    fields.name.trim() === "" || (fields.mode === "orchestrator" && fields.goal.trim() === "");
  const setSeat = (id: string, part: Partial<SeatDraft>) =>
    editor.setSeats(
      seats.map((other) => (other.agent_id === id ? { ...other, ...part } : other)),
    );
  const close = () => {
    setOpenId(null);
    document.getElementById(openerId(openId ?? ""))?.focus();
  };
  const submit = () => {
    setTried(true);
    if (faulty) setOpenId(faulty.id);
    else if (!incomplete) save.mutate();
  };
  const pane = openId === NEW || (seat !== undefined && agent !== undefined);

  return (
    <main id="main" tabIndex={-1} className="editor">
      <ScreenHead within={room.name} title={words.edit} menu={<RoomMenu room={room} />}>
        <span role="status" className="text-12 text-fg-3 phone:hidden">
          {changes > 0 ? words.unsaved(changes) : save.data ? words.saved : ""}
        </span>
        {changes > 0 && (
          <button
            type="button"
            className="btn btn-ghost"
            disabled={save.isPending}
            onClick={() => {
              setTried(false);
              editor.discard();
            }}
          >
            {words.discard}
          </button>
        )}
        <button
          type="button"
          className="btn btn-ink"
          disabled={changes === 0 || save.isPending}
          onClick={submit}
        >
          {save.isPending ? words.saving : words.save}
        </button>
      </ScreenHead>
      <div className={`editor-body ${pane ? "editor-two" : ""}`}>
        <div className="editor-left">
          <div className="mx-auto max-w-[760px]">
            <div className="grid gap-2 pb-2 empty:hidden">
              {editor.notices.map((notice) => (
                <Notice key={notice} role="alert" onDismiss={editor.dismiss}>
                  {notice}
                </Notice>
              ))}
              {save.error && (
                <Notice role="alert" onDismiss={() => save.reset()}>
                  {save.error.message}
                </Notice>
              )}
            </div>
            <RoomForm
              fields={fields}
              seats={seats}
              agents={agents}
              agentFields={editor.agentFields}
              onFields={editor.setFields}
              onSeats={editor.setSeats}
              openId={openId}
              onOpen={(id) => setOpenId(id === openId ? null : id)}
              onNewAgent={() => setOpenId(NEW)}
              forecast={forecast}
              unsaved={changes > 0}
              tried={tried}
            />
          </div>
        </div>
        {seat && agent && (
          <SeatPane
            key={agent.id}
            agent={agent}
            fields={editor.agentFields(agent)}
            faults={faultsFor(agent)}
            onChange={(part) => editor.setAgent(agent, part)}
            seat={seat}
            onContext={(context) => setSeat(agent.id, { context })}
            rooms={allRooms}
            unsaved={editor.isEdited(agent.id)}
            onUnseat={() => {
              setOpenId(null);
              editor.setSeats(seats.filter((other) => other !== seat));
            }}
            onClose={close}
          />
        )}
        {openId === NEW && (
          <NewAgentPane
            known={agents}
            onClose={close}
            onCreated={(made) => {
              editor.setSeats([...seats, { agent_id: made.id, muted: false, context: null }]);
              setOpenId(made.id);
            }}
          />
        )}
      </div>
    </main>
  );
}
