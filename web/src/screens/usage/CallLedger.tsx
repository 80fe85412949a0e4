import { useInfiniteQuery } from "@tanstack/react-query";
import { type ReactNode, useRef } from "react";
import { VList, type VListHandle } from "virtua";

import { type Call, callPages } from "../../api/usage";
import { count, duration, moment } from "../../lib/format";
import { usage as words } from "../../lib/strings.usage";
import { Money } from "../../parts/Money";

import type { Named } from "./series";

interface Props {
  from: string;
  agents: Named[];
}

const ROW_PX = 36;
const MOST_ROWS = 12;
const AHEAD_PX = 600;

const CELLS = Object.entries(words.columns) as [keyof typeof words.columns, string][];

/** Every call, the newest first; only the rows in sight are made. */
export function CallLedger({ from, agents }: Props) {
  const pages = useInfiniteQuery(callPages(from));
  const list = useRef<VListHandle>(null);
  const calls = pages.data?.pages.flatMap((page) => page.items) ?? [];
  const onScroll = (offset: number) => {
    const handle = list.current;
    if (!handle || !pages.hasNextPage || pages.isFetching) return;
    if (offset + handle.viewportSize + AHEAD_PX > handle.scrollSize) void pages.fetchNextPage();
  };
  if (calls.length === 0) return null;
  return (
    <section aria-labelledby="usage-calls" className="min-w-0">
      <h2 id="usage-calls" className="font-semibold">
        {words.ledger}
      </h2>
      <p className="pb-2 text-12 text-fg-2">{words.ledgerHelp}</p>
      <div
        role="table"
        aria-labelledby="usage-calls"
        aria-rowcount={pages.hasNextPage ? -1 : calls.length + 1}
        className="ledger num"
      >
        <div role="rowgroup">
          <div role="row" aria-rowindex={1} className="ledger-row ledger-head">
            {CELLS.map(([column, head]) => (
              <span key={column} role="columnheader" className={`ledger-${column}`}>
                {head}
              </span>
            ))}
          </div>
        </div>
        <VList
          ref={list}
          role="rowgroup"
          tabIndex={0}
          aria-label={words.ledger}
          itemSize={ROW_PX}
          style={{ height: Math.min(calls.length, MOST_ROWS) * ROW_PX }}
          onScroll={onScroll}
        >
          {calls.map((call, index) => (
            <Row key={call.id} call={call} index={index + 2} agents={agents} />
          ))}
        </VList>
      </div>
      {pages.isFetchingNextPage && (
        <p role="status" className="pt-2 text-12 text-fg-3">
          {words.loadingMore}
        </p>
      )}
    </section>
  );
}

function Row({ call, index, agents }: { call: Call; index: number; agents: Named[] }) {
  const agent = agents.find((other) => other.key === call.agent_key);
  const { usage } = call;
  const cells: Record<(typeof CELLS)[number][0], ReactNode> = {
    time: moment(call.created_at),
    agent: agent?.name ?? call.agent_key ?? words.noAgent,
    purpose: words.purposes[call.purpose] ?? call.purpose,
    model: call.model,
    tokens: words.tokensOf(count(usage.input_tokens), count(usage.output_tokens)),
    cost: <Money value={usage.cost_usd} estimated={usage.estimated} />,
    took: call.latency_ms === null ? "" : duration(call.latency_ms),
    outcome: (
      <span title={call.error_code ?? undefined}>
        {words.outcomes[call.outcome]}
        {call.error_code && <span className="text-fg-3"> {call.error_code}</span>}
      </span>
    ),
  };
  return (
    <div role="row" aria-rowindex={index} className="ledger-row">
      {CELLS.map(([column]) => (
        <span key={column} role="cell" className={`ledger-${column} cut`}>
          {cells[column]}
        </span>
      ))}
    </div>
  );
}
