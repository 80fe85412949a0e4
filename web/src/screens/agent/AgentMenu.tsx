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
import { Dialog } from "../../ui/Dialog";
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
      <Dialog open={asking} onOpenChange={setAsking} title={words.remove}>
        <p>{words.removeAsk(agent.name)}</p>
        {remove.error && (
          <p role="alert" className="text-13 text-bad">
            {remove.error.message}
          </p>
        )}
        <div className="flex justify-end gap-2">
          <button type="button" className="btn" onClick={() => setAsking(false)}>
            {t.session.cancel}
          </button>
          <button
            type="button"
            className="btn btn-ink"
            disabled={remove.isPending}
            onClick={() => remove.mutate()}
          >
            {words.remove}
          </button>
        </div>
      </Dialog>
    </>
  );
}
