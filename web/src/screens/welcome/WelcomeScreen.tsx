import { useQuery } from "@tanstack/react-query";
import { Check, CircleAlert, Cpu, KeyRound } from "lucide-react";
import type { ReactNode } from "react";
import { useLocation } from "wouter";

import { models, providers, rooms } from "../../api/queries";
import type { Model, Room } from "../../api/types";
import { t } from "../../lib/strings";
import { welcome as words } from "../../lib/strings.welcome";
import { RoomDots } from "../../parts/Avatar";
import { ScreenHead } from "../../parts/ScreenHead";
import { Logo } from "../../parts/icons";
import { useNewSession } from "../../parts/useNewSession";

import { useChecks } from "./useChecks";
import { useStarterRoom } from "./useStarterRoom";

/** Providers that run on this machine. */
const LOCAL = new Set(["local", "ollama"]);
const DEMO = "demo";
const providerOf = (model: Model) => model.id.slice(0, model.id.indexOf("/"));

/** The first run: three ways to a first answer. */
export function WelcomeScreen() {
  const roomList = useQuery(rooms);
  const modelList = useQuery(models);
  const providerList = useQuery(providers);
  const checks = useChecks();
  const open = useNewSession();
  const [, navigate] = useLocation();
  const start = useStarterRoom();
  const available = (modelList.data ?? []).filter((model) => model.available);
  const demo = available.find((model) => providerOf(model) === DEMO);
  const local = available.filter((model) => LOCAL.has(providerOf(model)));
  const keyed = (providerList.data ?? []).filter((provider) => provider.has_key);
  const localNotes = (providerList.data ?? []).flatMap((provider) =>
    LOCAL.has(provider.kind) ? (provider.note ?? []) : [],
  );
  const busy = open.isPending || start.isPending;
  const problem = open.error ?? start.error ?? roomList.error ?? modelList.error;
  const enter = (room: Room) => open.mutate({ kind: "rooms", id: room.id });
  const ready = roomList.data?.filter((room) => room.agents.length > 0).slice(0, 3) ?? [];
  return (
    <main id="main" tabIndex={-1} className="flex min-h-0 flex-col bg-surface outline-none">
      <div className="to-sidebar">
        <ScreenHead plain title={t.shell.welcome} />
      </div>
      <div className="grid min-h-0 flex-1 place-items-center overflow-y-auto p-6">
        <div className="w-[min(520px,100%)]">
          <Logo className="size-8" />
          <h1 className="mt-4 mb-1 text-22 leading-8 font-semibold tracking-tight">
            {words.title}
          </h1>
          <p className="text-fg-2">{words.lead}</p>
          {problem && (
            <p role="alert" className="mt-4 text-13 text-bad">
              {problem.message}
            </p>
          )}
          <div className="my-6 divide-y divide-line overflow-hidden rounded-l border border-line-2">
            {ready.map((room, index) => (
              <Door
                key={room.id}
                icon={<RoomDots colors={room.agents.map((agent) => agent.color)} />}
                title={room.name}
                help={words.roomHelp(room.agents.map((agent) => agent.name))}
                button={{
                  label: words.roomOpen,
                  first: index === 0,
                  busy,
                  onClick: () => enter(room),
                }}
              />
            ))}
            {ready.length === 0 && demo && (
              <Door
                icon={<RoomDots colors={[1, 2, 3]} />}
                title={words.demo}
                help={words.demoHelp}
                button={{
                  label: start.isPending ? words.working : words.demoOpen,
                  first: true,
                  busy,
                  onClick: () => start.mutate(demo.id),
                }}
              />
            )}
            <Door
              icon={<KeyRound className="icon size-5" aria-hidden />}
              title={words.key}
              help={
                keyed.length > 0
                  ? words.keyReady(keyed.map((provider) => provider.name))
                  : words.keyHelp
              }
              button={{
                label: keyed.length > 0 ? words.keySee : words.keyAdd,
                busy: false,
                onClick: () => navigate("/settings/models"),
              }}
            />
            <Door
              icon={<Cpu className="icon size-5" aria-hidden />}
              title={words.local}
              help={
                local.length > 0
                  ? [words.localFound(local.length), ...localNotes].join(" ")
                  : words.localNone
              }
              button={
                local[0] && ready.length === 0
                  ? {
                      label: words.localUse,
                      busy,
                      onClick: () => local[0] && start.mutate(local[0].id),
                    }
                  : local.length === 0
                    ? {
                        label: words.lookAgain,
                        busy: modelList.isFetching,
                        onClick: () => void modelList.refetch(),
                      }
                    : undefined
              }
            />
          </div>
          <ul className="flex flex-wrap gap-4 text-12 text-fg-3">
            {checks.map(([name, check]) => (
              <li key={name} className={`st ${check.ok ? "st-ok" : "st-bad"}`}>
                {check.ok ? (
                  <Check className="icon icon-s" aria-hidden />
                ) : (
                  <CircleAlert className="icon icon-s" aria-hidden />
                )}
                {check.ok ? (words.checks[name] ?? name) : words.check(name, check.detail)}
              </li>
            ))}
          </ul>
        </div>
      </div>
    </main>
  );
}

interface DoorProps {
  icon: ReactNode;
  title: string;
  help: string;
  button?: { label: string; first?: boolean; busy: boolean; onClick: () => void } | undefined;
}

function Door({ icon, title, help, button }: DoorProps) {
  return (
    <section className="grid grid-cols-[40px_minmax(0,1fr)_auto] items-center gap-x-3 gap-y-0.5 p-4 phone:grid-cols-[28px_minmax(0,1fr)]">
      <span className="justify-self-center text-fg-2">{icon}</span>
      <div>
        <h2 className="font-semibold">{title}</h2>
        <p className="text-13 text-fg-2">{help}</p>
      </div>
      {button && (
        <button
          type="button"
          className={`btn phone:col-start-2 phone:mt-2 phone:justify-self-start ${button.first ? "btn-ink" : ""}`}
          disabled={button.busy}
          onClick={button.onClick}
        >
          {button.label}
        </button>
      )}
    </section>
  );
}
