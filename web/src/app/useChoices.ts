import { useQuery } from "@tanstack/react-query";
import { useLocation } from "wouter";

import { agents, rooms, sessions } from "../api/queries";
import { t } from "../lib/strings";
import { palette as words } from "../lib/strings.palette";
import { chooseTheme } from "../lib/theme";
import { useShell } from "../parts/shell";
import { useMoneyShown } from "../parts/useMoney";
import { useNewSession } from "../parts/useNewSession";

import type { Choice } from "./choices";

/** All that the palette can go to and do. */
export function useChoices(): Choice[] {
  const roomList = useQuery(rooms).data ?? [];
  const agentList = useQuery(agents).data ?? [];
  const sessionList = useQuery(sessions).data ?? [];
  const [, navigate] = useLocation();
  const withMoney = useMoneyShown();
  const { openHelp } = useShell();
  const open = useNewSession();
  const action = (id: string, name: string, run: () => void): Choice => ({
    id,
    group: "actions",
    name,
    run,
  });
  const go = (id: string, name: string, to: string) => action(id, name, () => navigate(to));
  return [
    ...sessionList.map((session): Choice => {
      const room = roomList.find((other) => other.id === session.room_id);
      const agent = agentList.find((other) => other.id === session.agent_id);
      return {
        id: session.id,
        group: "sessions",
        name: session.name ?? t.shell.untitled,
        hint: room?.name ?? agent?.name ?? "",
        run: () => navigate(`/s/${session.id}`),
      };
    }),
    ...roomList.map(
      (room): Choice => ({
        id: room.id,
        group: "rooms",
        name: words.actions.newSession(room.name),
        colors: room.agents.map((seat) => seat.color),
        run: () => open.mutate({ kind: "rooms", id: room.id }),
      }),
    ),
    ...agentList.map(
      (agent): Choice => ({
        id: agent.id,
        group: "agents",
        name: words.actions.newSessionWith(agent.name),
        hint: `@${agent.key}`,
        colors: [agent.color],
        agent: agent.name,
        run: () => open.mutate({ kind: "agents", id: agent.id }),
      }),
    ),
    go("new-room", words.actions.newRoom, "/rooms/new"),
    go("new-agent", words.actions.newAgent, "/agents/new"),
    ...roomList.map((room) => go(`edit-${room.id}`, words.actions.edit(room.name), `/rooms/${room.id}`)),
    ...agentList.map((agent) =>
      go(`edit-${agent.id}`, words.actions.edit(agent.name), `/agents/${agent.id}`),
    ),
    go("models", words.actions.models, "/settings/models"),
    go("keys", words.actions.keys, "/settings/keys"),
    ...(withMoney ? [go("budgets", words.actions.budgets, "/settings/budgets")] : []),
    go("page", words.actions.page, "/settings/page"),
    go("welcome", words.actions.welcome, "/welcome"),
    ...(["system", "light", "dark"] as const).map((theme) =>
      action(`theme-${theme}`, words.actions.themes[theme], () => chooseTheme(theme)),
    ),
    action("help", words.actions.help, openHelp),
  ];
}
