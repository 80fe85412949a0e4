import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { prompts } from "../../api/queries";
import type { Agent } from "../../api/types";
import { moment } from "../../lib/format";
import { agent as words } from "../../lib/strings.room";
import { Dialog } from "../../ui/Dialog";

interface Props {
  agent: Agent;
  /** Put an earlier prompt into the form; it is saved with the rest. */
  onUse: (text: string) => void;
}

/** Every role prompt that the agent has had. */
export function PromptHistory({ agent, onUse }: Props) {
  const [open, setOpen] = useState(false);
  const list = useQuery({ ...prompts(agent.id, agent.version), enabled: open });
  return (
    <>
      <button type="button" className="link" onClick={() => setOpen(true)}>
        {words.history}
      </button>
      <Dialog open={open} onOpenChange={setOpen} title={words.history}>
        {list.error && (
          <p role="alert" className="text-13 text-bad">
            {list.error.message}
          </p>
        )}
        {list.data?.length === 1 && <p className="text-13 text-fg-3">{words.historyNone}</p>}
        <ol className="grid max-h-[60dvh] gap-3 overflow-y-auto">
          {list.data?.map((prompt) => (
            <li key={prompt.id} className="grid gap-2 rounded-m border border-line p-3">
              <span className="flex items-center justify-between gap-2 text-12 text-fg-3">
                {moment(prompt.created_at)}
                {prompt.current ? (
                  <span className="chip">{words.historyNow}</span>
                ) : (
                  <button
                    type="button"
                    className="btn btn-s"
                    onClick={() => {
                      onUse(prompt.text);
                      setOpen(false);
                    }}
                  >
                    {words.historyUse}
                  </button>
                )}
              </span>
              <p className="max-h-40 overflow-y-auto text-13 whitespace-pre-wrap [overflow-wrap:anywhere]">
                {prompt.text || words.historyEmpty}
              </p>
            </li>
          ))}
        </ol>
      </Dialog>
    </>
  );
}
