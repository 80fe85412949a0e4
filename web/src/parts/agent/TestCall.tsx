import { useMutation } from "@tanstack/react-query";

import { testAgent } from "../../api/setup";
import { duration, usd } from "../../lib/format";
import { agent as words } from "../../lib/strings.room";

interface Props {
  agentId: string;
  /** What is tested is the agent as it is saved. */
  unsaved: boolean;
}

/** Asks the agent's model for one word, and tells what came and what it cost. */
export function TestCall({ agentId, unsaved }: Props) {
  const test = useMutation({ mutationFn: () => testAgent(agentId, crypto.randomUUID()) });
  const { call, text, error } = test.data ?? {};
  const time = duration(call?.latency_ms ?? 0);
  return (
    <div className="grid gap-2">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <button
          type="button"
          className="btn"
          disabled={test.isPending || unsaved}
          onClick={() => test.mutate()}
        >
          {test.isPending ? words.testing : words.test}
        </button>
        <span className="text-12 text-fg-3">{unsaved ? words.testUnsaved : words.testHelp}</span>
      </div>
      <div role="status" className="text-13">
        {test.error && <p className="text-bad">{test.error.message}</p>}
        {error && (
          <p className="text-bad">
            {error.title}. {error.detail}
          </p>
        )}
        {call && !error && (
          <p className="num text-fg-2">
            {text ? words.tested(text, time) : words.testedEmpty(time)}{" "}
            {words.testCost(usd(call.usage.cost_usd, call.usage.estimated))}
          </p>
        )}
      </div>
    </div>
  );
}
