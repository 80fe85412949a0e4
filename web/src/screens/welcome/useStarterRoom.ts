import { useMutation, useQueryClient } from "@tanstack/react-query";

import { agents, rooms } from "../../api/queries";
import { createAgent, createRoom, seatAgent } from "../../api/setup";
import type { Agent } from "../../api/types";
import { welcome as words } from "../../lib/strings.welcome";
import { useNewSession } from "../../parts/useNewSession";

/** Set up a room of three agents that answer with `model`, and open a session in it. */
export function useStarterRoom() {
  const client = useQueryClient();
  const open = useNewSession();
  return useMutation({
    mutationFn: async (model: string) => {
      const known = await client.fetchQuery(agents);
      const room = await createRoom(
        { name: words.seed.room, goal: words.seed.goal, mode: "roundtable" },
        crypto.randomUUID(),
      );
      for (const seed of words.seed.agents) {
        const agent =
          known.find((other) => other.key === seed.key && other.model === model) ??
          (await createAgent(
            { key: freeKey(seed.key, known), name: seed.name, model, role_prompt: seed.prompt },
            crypto.randomUUID(),
          ));
        await seatAgent(room.id, { agent_id: agent.id }, crypto.randomUUID());
      }
      await Promise.all([
        client.invalidateQueries({ queryKey: agents.queryKey }),
        client.invalidateQueries({ queryKey: rooms.queryKey }),
      ]);
      await open.mutateAsync({ kind: "rooms", id: room.id });
    },
  });
}

/** `key`, or with the first number behind it that no agent has. */
function freeKey(key: string, known: Agent[]): string {
  const taken = new Set(known.map((agent) => agent.key));
  if (!taken.has(key)) return key;
  let number = 2;
  while (taken.has(`${key}${number}`)) number += 1;
  return `${key}${number}`;
}
