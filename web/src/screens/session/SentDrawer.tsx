import { useQuery } from "@tanstack/react-query";
import { ChevronRight, TriangleAlert, X } from "lucide-react";
import { useEffect, useRef } from "react";

import { getRequest } from "../../api/calls";
import { sent } from "../../api/queries";
import type { Sent, SentTurns, Step, Turn } from "../../api/types";
import { count } from "../../lib/format";
import { t } from "../../lib/strings";
import { Avatar } from "../../parts/Avatar";
import { nameOfKey } from "../../parts/plan";
import { colorOf, nameOf } from "../../parts/steps";
import { CopyButton } from "../../ui/CopyButton";
import { IconButton } from "../../ui/IconButton";

interface Props {
  turn: Turn;
  step: Step;
  onClose: () => void;
}

/** Exactly what an agent was sent, by where it came from. Beside the session, not over it. */
export function SentDrawer({ turn, step, onClose }: Props) {
  const answer = useQuery(sent(step.id, step.attempts));
  const name = nameOf(step);
  const close = useRef<HTMLButtonElement>(null);
  useEffect(() => close.current?.focus(), [step.id]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.defaultPrevented) onClose();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [onClose]);
  return (
    <aside
      aria-label={t.sent.title(name)}
      data-c={colorOf(step)}
      className="flex min-h-0 flex-col border-l border-line bg-surface phone:fixed phone:inset-0 phone:z-20 phone:border-0"
    >
      <div className="flex items-start gap-3 pt-4 pr-3 pb-3 pl-5">
        <Avatar name={name} color={colorOf(step)} />
        <div className="min-w-0 flex-1">
          <h2 className="text-15 font-semibold">{t.sent.title(name)}</h2>
          <p className="cut num text-12 text-fg-3">
            {answer.data?.model ?? step.agent?.model}, {t.sent.attempt(step.attempts)}
          </p>
        </div>
        <IconButton ref={close} label={t.sent.close} small onClick={onClose}>
          <X className="icon" aria-hidden />
        </IconButton>
      </div>
      {answer.data ? (
        <Parts turn={turn} step={step} sent={answer.data} />
      ) : (
        <p className="px-5 text-13 text-fg-2" role={answer.error ? "alert" : "status"}>
          {answer.error?.message ?? t.sent.loading}
        </p>
      )}
    </aside>
  );
}

type Section = Sent["sections"][number];

/** Whose words a section has; `null` where they are no agent's. */
const agentOf = ({ from }: Section): string | null =>
  typeof from === "string" && from !== "user" ? from : null;

function Parts({ turn, step, sent }: { turn: Turn; step: Step; sent: Sent }) {
  const { window, reply_reserve, used, estimated, reported } = sent.budget;
  const seat = (section: Section) => turn.roster.find((other) => other.key === agentOf(section));
  // A manager has no seat.
  const hue = (section: Section) =>
    seat(section)?.color ?? (agentOf(section) ? "manager" : undefined);
  const label = (section: Section) => {
    const agent = agentOf(section);
    if (agent && section.origin !== "brief") return t.sent.earlierFrom(nameOfKey(turn, agent));
    const name = t.sent.origins[section.origin] ?? section.origin.replaceAll("_", " ");
    return typeof section.from === "object" && section.from
      ? `${name}${turnsOf(section.from)}`
      : name;
  };
  const percent = (tokens: number) => Math.round((tokens / Math.max(1, used)) * 100);
  const request = () => getRequest(step.id, sent.attempt);
  return (
    <>
      <div className="num px-5">
        <p className="mb-2 flex flex-wrap items-baseline justify-between gap-x-3 text-13 text-fg-2">
          <span>
            <strong className="text-22 font-semibold tracking-tight text-fg">
              {estimated ? "≈" : ""}
              {count(used)}
            </strong>{" "}
            {t.sent.tokensIn}
          </span>
          <span>
            {t.sent.share(Math.round((used / window) * 100), count(window), count(reply_reserve))}
          </span>
        </p>
        <div className="flex h-3 gap-0.5 overflow-hidden rounded-s" aria-hidden>
          {sent.sections.map((section, index) => (
            <i
              key={index}
              className="block min-w-[3px] rounded-[2px]"
              data-c={hue(section)}
              style={{ flex: `${Math.max(section.tokens, 1)} 0 0`, background: colour(section) }}
            />
          ))}
          <i
            className="block rounded-[2px] bg-sunken"
            style={{ flex: `${Math.max(0, window - used)} 0 0` }}
          />
        </div>
        {reported !== null && (
          <p className="pt-2 text-12 text-fg-3">{t.sent.reported(count(reported))}</p>
        )}
        {(sent.cached_tokens ?? 0) > 0 && (
          <p className="pt-2 text-12 text-fg-3">{t.sent.cached(count(sent.cached_tokens ?? 0))}</p>
        )}
      </div>
      {sent.actions.length > 0 && (
        <p className="mx-5 mt-3 flex gap-2 rounded-m bg-warn-soft px-3 py-2.5 text-13">
          <TriangleAlert className="icon mt-0.5 text-warn" aria-hidden />
          <span>
            {t.sent.leftOut} {sent.actions.map((action) => action.reason).join("; ")}.
          </span>
        </p>
      )}
      <div className="mt-3 min-h-0 flex-1 overflow-y-auto border-b border-line">
        {sent.sections.map((section, index) => (
          <details key={index} className="group border-t border-line">
            <summary className="num grid min-h-9 list-none grid-cols-[16px_10px_minmax(0,1fr)_auto_44px] items-center gap-2 px-5 text-13 [&::-webkit-details-marker]:hidden">
              <ChevronRight className="icon text-fg-3 group-open:rotate-90" aria-hidden />
              <span
                className="size-2.5 rounded-[3px]"
                data-c={hue(section)}
                style={{ background: colour(section) }}
              />
              <span className="cut">{label(section)}</span>
              <span>{count(section.tokens)}</span>
              <span className="text-right text-12 text-fg-3">{percent(section.tokens)} %</span>
            </summary>
            <pre className="mr-5 mb-3 ml-11 overflow-x-auto rounded-m bg-sunken px-3 py-2 font-mono text-12 leading-5 whitespace-pre-wrap text-fg-2 [overflow-wrap:anywhere]">
              {section.text || t.sent.empty}
            </pre>
          </details>
        ))}
      </div>
      <div className="flex items-center gap-2 px-5 py-3 text-12 text-fg-3">
        <span className="cut flex-1 font-mono" title={`${t.sent.hash}: ${sent.request_sha256}`}>
          sha256 {sent.request_sha256.slice(0, 8)}…{sent.request_sha256.slice(-4)}
        </span>
        {sent.exact ? (
          <CopyButton text={request} label={t.sent.copy} labelled />
        ) : (
          <span title={t.sent.inexactWhy}>{t.sent.inexact}</span>
        )}
      </div>
    </>
  );
}

/** ", turns 3–9". */
function turnsOf({ from_turn: from, to_turn: to }: SentTurns): string {
  if (from === undefined || to === undefined) return "";
  return t.sent.turns(from, to);
}

/** In the bar a colour means an agent; all else is grey, the user's own words strongest. */
function colour(section: Section): string {
  if (agentOf(section)) return "var(--agent)";
  switch (section.origin) {
    case "input":
      return "var(--fg)";
    case "history":
      return "color-mix(in oklab, var(--fg-3) 55%, var(--surface))";
    case "summary":
      return "var(--line-2)";
    default:
      return "var(--fg-3)";
  }
}
