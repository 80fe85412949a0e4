/** The state of an agent's own editor. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ApiProblem } from "../../api/problems";
import { agents, rooms } from "../../api/queries";
import { changeAgent } from "../../api/setup";
import type { Agent } from "../../api/types";
import { differing, withPart } from "../../lib/overrides";
import { agent as words } from "../../lib/strings.room";
import { type AgentFields, fieldsOf } from "../../parts/agent/fields";

/** What is changed of `agent` and not saved; what was changed elsewhere shows through. */
export function useAgentEditor(agent: Agent) {
  const client = useQueryClient();
  const [base, setBase] = useState(agent);
  const [changes, setChanges] = useState<Partial<AgentFields>>({});
  const [notice, setNotice] = useState<string | null>(null);
  if (base.version !== agent.version) {
    const kept = withPart(fieldsOf(agent), changes, {});
    const names = differing(fieldsOf(base), fieldsOf(agent)).map((name) => words.changed[name]);
    setBase(agent);
    setChanges(kept);
    if (Object.keys(kept).length > 0 && names.length > 0)
      setNotice(words.changedElsewhere(agent.name, names));
  }
  const save = useMutation({
    mutationFn: () => changeAgent(base, changes),
    onSuccess: (saved) => {
      setBase(saved);
      setChanges({});
      setNotice(null);
      client.setQueryData<Agent[]>(agents.queryKey, (list) =>
        list?.map((other) => (other.id === saved.id ? saved : other)),
      );
      void client.invalidateQueries({ queryKey: rooms.queryKey });
    },
    onError: (error) => {
      if (error instanceof ApiProblem && error.code === "stale_version") {
        save.reset();
        void client.invalidateQueries({ queryKey: agents.queryKey });
      }
    },
  });
  return {
    fields: { ...fieldsOf(base), ...changes },
    count: Object.keys(changes).length,
    notice,
    dismiss: () => setNotice(null),
    save,
    set: (part: Partial<AgentFields>) =>
      setChanges((old) => withPart(fieldsOf(base), old, part)),
    discard: () => {
      save.reset();
      setChanges({});
    },
  };
}
