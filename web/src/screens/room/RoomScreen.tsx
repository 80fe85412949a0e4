import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { ApiProblem } from "../../api/problems";
import { agents, room as roomQuery, rooms } from "../../api/queries";
import { restoreRoom } from "../../api/setup";
import { room as words } from "../../lib/strings.room";
import { ScreenState } from "../../parts/ScreenState";

import { NewRoom } from "./NewRoom";
import { RoomEditor } from "./RoomEditor";

/** `/rooms/:id`: the editor of a room; `/rooms/new`: of one that is not there yet. */
export default function RoomScreen({ id }: { id: string }) {
  const agentList = useQuery(agents);
  if (agentList.error)
    return (
      <ScreenState
        title={words.edit}
        problem={agentList.error}
        onRetry={() => void agentList.refetch()}
      />
    );
  if (!agentList.data) return <ScreenState title={words.edit} words={words.loading} />;
  return id === "new" ? (
    <NewRoom agents={agentList.data} />
  ) : (
    <Loaded key={id} id={id} agents={agentList.data} />
  );
}

function Loaded({ id, agents: known }: { id: string } & Parameters<typeof NewRoom>[0]) {
  const client = useQueryClient();
  const room = useQuery(roomQuery(id));
  const restore = useMutation({
    mutationFn: () => restoreRoom(id),
    onSuccess: (restored) => {
      client.setQueryData(roomQuery(id).queryKey, restored);
      void client.invalidateQueries({ queryKey: rooms.queryKey });
    },
  });
  const problem = restore.error ?? room.error;
  const gone = room.error instanceof ApiProblem && room.error.status === 404;
  if (gone && !restore.error)
    return (
      <ScreenState
        title={words.gone}
        words={words.goneHelp}
        retry={words.restore}
        onRetry={() => restore.mutate()}
      />
    );
  if (problem && !room.data)
    return (
      <ScreenState title={words.edit} problem={problem} onRetry={() => void room.refetch()} />
    );
  if (!room.data) return <ScreenState title={words.edit} words={words.loading} />;
  return <RoomEditor room={room.data} agents={known} />;
}
