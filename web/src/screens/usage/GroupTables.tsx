import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { info, rooms } from "../../api/queries";
import { sums, type UsageSum } from "../../api/usage";
import { count, usd } from "../../lib/format";
import { t } from "../../lib/strings";
import { usage as words } from "../../lib/strings.usage";
import { Avatar } from "../../parts/Avatar";
import { type BarRow, BarTable } from "../../ui/BarTable";

import type { Named } from "./series";

const SHOWN = 8;
/** The key of a manager that is no agent. */
const MANAGER = "manager";

interface Props {
  from: string;
  agents: Named[];
}
interface Label {
  name: ReactNode;
  color?: number;
}

/** The same sums by agent, purpose, model, room and person. */
export function GroupTables({ from, agents }: Props) {
  const roomList = useQuery(rooms).data ?? [];
  const me = useQuery(info).data?.user;
  const agentOf = (key: string | null): Label => {
    const agent = agents.find((other) => other.key === key);
    const name = agent?.name ?? (key === MANAGER ? t.step.manager : (key ?? words.noAgent));
    const color = agent?.color ?? 0;
    return {
      color,
      name: (
        <span className="inline-flex min-w-0 items-center gap-2">
          <Avatar name={name} color={color} size="s" />
          <span className="cut">{name}</span>
        </span>
      ),
    };
  };
  const roomOf = (id: string | null): Label => ({
    name:
      id === null
        ? words.noRoom
        : (roomList.find((room) => room.id === id)?.name ?? words.goneRoom),
  });
  return (
    <div className="halves">
      <Group from={from} by="agent" label={agentOf} />
      <Group
        from={from}
        by="purpose"
        label={(purpose) => ({ name: words.purposes[purpose ?? ""] ?? purpose })}
      />
      <Group from={from} by="model" label={(model) => ({ name: model })} />
      <Group from={from} by="room" label={roomOf} />
      <Group
        from={from}
        by="user"
        label={(id) => ({ name: id === me?.id ? me?.name : words.otherUser(id ?? "") })}
      />
    </div>
  );
}

interface GroupProps {
  from: string;
  by: "agent" | "purpose" | "model" | "room" | "user";
  label: (value: string | null) => Label;
}

function Group({ from, by, label }: GroupProps) {
  const found = useQuery(sums(from, by)).data;
  if (!found || found.items.length === 0) return null;
  const size = sizesOf(found.items);
  const longest = Math.max(...found.items.map(size), Number.MIN_VALUE);
  const rows = found.items.slice(0, SHOWN).map((item): BarRow => {
    const value = item[by] ?? null;
    const { name, color } = label(value);
    return {
      key: value ?? "",
      name,
      color,
      share: size(item) / longest,
      cells: [count(item.usage.calls), usd(item.usage.cost_usd, item.usage.estimated)],
    };
  });
  const more = found.items.length - rows.length;
  return (
    <div className="min-w-0">
      <BarTable
        caption={words.by[by]}
        what={words.what[by]}
        bar={words.share}
        heads={[words.calls, words.cost]}
        rows={rows}
      />
      {more > 0 && <p className="pt-2 text-12 text-fg-3">{words.more(more)}</p>}
    </div>
  );
}

/** How long a bar is: by cost, or by tokens where nothing cost anything. */
function sizesOf(items: UsageSum[]): (item: UsageSum) => number {
  const cost = (item: UsageSum) => Number(item.usage.cost_usd ?? 0);
  if (items.some((item) => cost(item) > 0)) return cost;
  return (item) => item.usage.input_tokens + item.usage.output_tokens;
}
