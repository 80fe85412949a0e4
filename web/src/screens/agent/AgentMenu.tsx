import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Ellipsis } from "lucide-react";
import { useState } from "react";
import { useLocation } from "wouter";

import { agents, rooms } from "../../api/queries";
import { deleteAgent } from "../../api/setup";
import type { Agent } from "../../api/types";
import { t } from "../../lib/strings";
import { agent as words, room as roomWords } from "../../lib/strings.room";
import { showToast } from "../../parts/toasts";
import { useNewSession } from "../../parts/useNewSession";
import { Ask } from "../../ui/Ask";
import { IconButton } from "../../ui/IconButton";
import { Menu, MenuItem } from "../../ui/Menu";

/** A session with the agent, or no agent any more: that cannot be taken back, so it is asked. */
export function AgentMenu({ agent }: { agent: Agent }) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [asking, setAsking] = useState(false);
  const open = useNewSession();
  const remove = useMutation({
    mutationFn: () => deleteAgent(agent),
    onSuccess: () => {
      navigate("/", { replace: true });
      void client.invalidateQueries({ queryKey: agents.queryKey });
      void client.invalidateQueries({ queryKey: rooms.queryKey });
      showToast({ words: words.removed(agent.name) });
    },
  });
  return (
    <>
      <Menu
        trigger={
          <IconButton label={words.menu} small>
            <Ellipsis className="icon" aria-hidden />
          </IconButton>
        }
      >
        <MenuItem onSelect={() => open.mutate({ kind: "agents", id: agent.id })}>
          {roomWords.newSession}
        </MenuItem>
        <MenuItem onSelect={() => setAsking(true)}>{words.remove}</MenuItem>
      </Menu>
      {asking && (
        <Ask
          title={words.remove}
          error={remove.error}
          busy={remove.isPending}
          yes={words.remove}
          no={t.session.cancel}
          onYes={() => remove.mutate()}
          onClose={() => setAsking(false)}
        >
          {words.removeAsk(agent.name)}
        </Ask>
      )}
    </>
  );
}
