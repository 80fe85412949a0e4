import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { agents } from "../../api/queries";
import { createAgent } from "../../api/setup";
import type { Agent } from "../../api/types";

import { type AgentFields, faultsOf, freshFields, keyFor, toNewAgent } from "./fields";

/** A new agent that is being written; `known` are those that there are, `model` a model to begin with. */
export function useCreateAgent(known: Agent[], model: string, onCreated: (agent: Agent) => void) {
  const client = useQueryClient();
  const [fields, setFields] = useState(() => freshFields(known, model));
  const [keyTouched, setKeyTouched] = useState(false);
  const [tried, setTried] = useState(false);
  const [requestKey] = useState(() => crypto.randomUUID());
  const faults = faultsOf(fields, known);
  const create = useMutation({
    mutationFn: () => createAgent(toNewAgent(fields), requestKey),
    onSuccess: (agent) => {
      client.setQueryData<Agent[]>(agents.queryKey, (list) => [agent, ...(list ?? [])]);
      onCreated(agent);
    },
  });
  return {
    fields,
    /** What is missing is told once it was tried to do without. */
    faults: tried ? faults : {},
    create,
    set: (part: Partial<AgentFields>) => {
      if ("key" in part) setKeyTouched(true);
      setFields((old) => ({ ...old, ...part }));
    },
    setName: (name: string) =>
      setFields((old) => ({
        ...old,
        name,
        ...(!keyTouched && { key: keyFor(name, new Set(known.map((agent) => agent.key))) }),
      })),
    submit: () => {
      setTried(true);
      if (Object.keys(faults).length === 0) create.mutate();
    },
  };
}
