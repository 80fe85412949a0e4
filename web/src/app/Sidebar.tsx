import { useQuery } from "@tanstack/react-query";
import { ChartColumn, Plus, Rocket, Search, Settings } from "lucide-react";
import { Link, useLocation } from "wouter";

import { agents, info, rooms, sessions } from "../api/queries";
import { t } from "../lib/strings";
import { Avatar, RoomDots } from "../parts/Avatar";
import { ThemeChoice } from "../parts/ThemeChoice";
import { Logo } from "../parts/icons";
import { useShell } from "../parts/shell";
import { useNewSession } from "../parts/useNewSession";
import { IconButton } from "../ui/IconButton";
import { Menu, MenuItem, MenuLabel } from "../ui/Menu";

import { PlaceRow } from "./PlaceRow";
import { WalletFoot } from "./WalletFoot";

/** Rooms with their sessions, agents with theirs, and what belongs to the workspace. */
export function Sidebar() {
  const me = useQuery(info);
  const roomList = useQuery(rooms);
  const agentList = useQuery(agents);
  const sessionList = useQuery(sessions);
  const [location] = useLocation();
  const current = /^\/s\/(.+)$/.exec(location)?.[1];
  const failed = roomList.error ?? agentList.error ?? sessionList.error;
  const add = useNewSession();
  const { openPalette } = useShell();
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex h-(--bar) flex-none items-center gap-2 pr-3 pl-4">
        <Logo />
        <span className="flex-1 text-15 font-bold tracking-tight">{t.product}</span>
        <IconButton label={t.shell.palette} small aria-haspopup="dialog" onClick={openPalette}>
          <Search className="icon" aria-hidden />
        </IconButton>
        <Menu
          align="end"
          trigger={
            <IconButton label={t.shell.newSession} small>
              <Plus className="icon" aria-hidden />
            </IconButton>
          }
        >
          <MenuLabel>{t.shell.newSession}</MenuLabel>
          {roomList.data?.map((room) => (
            <MenuItem key={room.id} onSelect={() => add.mutate({ kind: "rooms", id: room.id })}>
              <RoomDots colors={room.agents.map((agent) => agent.color)} />
              <span className="cut">{room.name}</span>
            </MenuItem>
          ))}
          {agentList.data?.map((agent) => (
            <MenuItem key={agent.id} onSelect={() => add.mutate({ kind: "agents", id: agent.id })}>
              <Avatar name={agent.name} color={agent.color} size="s" />
              <span className="cut">{agent.name}</span>
            </MenuItem>
          ))}
        </Menu>
      </div>
      <nav aria-label={t.shell.nav} className="min-h-0 flex-1 overflow-y-auto px-2 pb-4">
        {(failed ?? add.error) && (
          <p role="alert" className="px-2 py-3 text-12 text-bad">
            {t.shell.loadFailed((failed ?? add.error)?.message ?? "")}
          </p>
        )}
        <Heading add={{ label: t.shell.newRoom, href: "/rooms/new" }}>{t.shell.rooms}</Heading>
        {roomList.data?.length === 0 && <Nothing>{t.shell.noRooms}</Nothing>}
        {roomList.data?.map((room) => (
          <PlaceRow
            key={room.id}
            place={{ kind: "rooms", id: room.id }}
            name={room.name}
            icon={<RoomDots colors={room.agents.map((agent) => agent.color)} />}
            sessions={sessionList.data ?? []}
            current={current}
          />
        ))}
        <Heading add={{ label: t.shell.newAgent, href: "/agents/new" }}>{t.shell.agents}</Heading>
        {agentList.data?.length === 0 && <Nothing>{t.shell.noAgents}</Nothing>}
        {agentList.data?.map((agent) => (
          <PlaceRow
            key={agent.id}
            place={{ kind: "agents", id: agent.id }}
            name={agent.name}
            icon={<Avatar name={agent.name} color={agent.color} size="s" />}
            sessions={sessionList.data ?? []}
            current={current}
          />
        ))}
        <Heading>{t.shell.workspace}</Heading>
        <Link href="/usage" className={(active) => `side-item ${active ? "side-on" : ""}`}>
          <ChartColumn className="icon mx-0.5" aria-hidden />
          {t.shell.usage}
        </Link>
        <Link
          href="/settings/models"
          className={`side-item ${location.startsWith("/settings") ? "side-on" : ""}`}
          aria-current={location.startsWith("/settings") ? "page" : undefined}
        >
          <Settings className="icon mx-0.5" aria-hidden />
          {t.shell.settings}
        </Link>
        <Link href="/welcome" className={(active) => `side-item ${active ? "side-on" : ""}`}>
          <Rocket className="icon mx-0.5" aria-hidden />
          {t.shell.welcome}
        </Link>
      </nav>
      <div className="grid gap-2 border-t border-line px-4 py-3 text-12">
        <WalletFoot />
        <ThemeChoice />
        {me.data && (
          <div className="kv">
            <span className="cut">{me.data.workspace.name}</span>
            <span className="text-fg-3">{t.shell.version(me.data.version)}</span>
          </div>
        )}
      </div>
    </div>
  );
}

function Heading({ children, add }: { children: string; add?: { label: string; href: string } }) {
  return (
    <div className="flex min-h-8 items-end justify-between pt-3 pr-0.5 pl-2">
      <h2 className="pb-1 text-12 font-medium text-fg-3">{children}</h2>
      {add && (
        <Link href={add.href} className="ib ib-s" aria-label={add.label} title={add.label}>
          <Plus className="icon icon-s" aria-hidden />
        </Link>
      )}
    </div>
  );
}

function Nothing({ children }: { children: string }) {
  return <p className="px-2 py-1 text-12 text-fg-3">{children}</p>;
}
