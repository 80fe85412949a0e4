/** What there is to spend, while something is charged at all, and whose budget is whose. */

import { useQuery } from "@tanstack/react-query";

import { budgets, wallet } from "../api/money";
import { agents, info, rooms, sessions } from "../api/queries";
import type { Budget, Wallet } from "../api/types";
import { t } from "../lib/strings";
import { money as words } from "../lib/strings.money";

/** The wallet; `undefined` where nothing is charged, and until it is known. */
export function useWallet(): Wallet | undefined {
  const able = useQuery(info).data?.features.includes("billing") ?? false;
  const known = useQuery({ ...wallet, enabled: able }).data;
  return known && known.enforcement !== "off" ? known : undefined;
}

const MAY_CHANGE = ["owner", "admin"];

/** Whether who is signed in sets budgets and turns the switch. */
export function useMayChangeMoney(): boolean {
  const me = useQuery(info).data;
  return me !== undefined && MAY_CHANGE.includes(me.user.role);
}

/** Whether the screen of credits says something: to whom credits are charged, or who decides it. */
export function useMoneyShown(): boolean {
  const able = useQuery(info).data?.features.includes("billing") ?? false;
  const mayChange = useMayChangeMoney();
  const charged = useWallet() !== undefined;
  return charged || (able && mayChange);
}

/** The budgets that there are; none where nothing is charged. */
export function useBudgets(): Budget[] {
  const charged = useWallet() !== undefined;
  const known = useQuery({ ...budgets, enabled: charged }).data;
  return charged ? (known ?? []) : [];
}

type Scoped = Pick<Budget, "scope"> & { scope_id?: string | null };

/** Says of what a budget is: "Launch review", "the workspace". */
export function useScopeName(): (budget: Scoped) => string {
  const me = useQuery(info).data?.user.id;
  const roomList = useQuery(rooms).data;
  const agentList = useQuery(agents).data;
  const sessionList = useQuery(sessions).data;
  return ({ scope, scope_id: id }) => {
    const nameIn = (list: { id: string; name: string | null }[] | undefined) => {
      const found = list?.find((one) => one.id === id);
      return found && (found.name ?? t.shell.untitled);
    };
    switch (scope) {
      case "workspace":
        return words.names.workspace;
      case "user":
        return id === me ? words.names.me : words.names.user;
      case "room":
        return nameIn(roomList) ?? words.names.room;
      case "agent":
        return nameIn(agentList) ?? words.names.agent;
      case "session":
        return nameIn(sessionList) ?? words.names.session;
    }
  };
}
