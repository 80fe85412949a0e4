import { useQuery } from "@tanstack/react-query";

import { agents } from "../../api/queries";
import { agent as words } from "../../lib/strings.room";
import { ScreenState } from "../../parts/ScreenState";

import { AgentEditor } from "./AgentEditor";
import { NewAgent } from "./NewAgent";

/** `/agents/:id`: the editor of an agent; `/agents/new`: of one that is not there yet. */
export default function AgentScreen({ id }: { id: string }) {
  const list = useQuery(agents);
  if (list.error && !list.data)
    return (
      <ScreenState title={words.edit} problem={list.error} onRetry={() => void list.refetch()} />
    );
  if (!list.data) return <ScreenState title={words.edit} words={words.loading} />;
  if (id === "new") return <NewAgent known={list.data} />;
  const agent = list.data.find((other) => other.id === id);
  if (!agent) return <ScreenState title={words.edit} words={words.gone} />;
  return <AgentEditor key={id} agent={agent} known={list.data} />;
}
