import { type KeyboardEvent, useEffect, useRef, useState } from "react";

import type { Step, Turn } from "../api/types";
import { t } from "../lib/strings";
import { useInSight } from "../ui/useInSight";
import { PHONE, useMedia } from "../ui/useMedia";

import { Avatar } from "./Avatar";
import { lookOf, StateMark } from "./StateMark";
import { StepBlock, type StepActions } from "./StepBlock";
import { useIsWriting } from "./stepText";
import { isPinned, nameOf, waitingFor } from "./steps";

interface Props {
  turn: Turn;
  steps: Step[];
  actions: StepActions;
  sentStepId: string | null;
  pinned: readonly string[];
}

/** A turn's answers side by side; on a phone one of them, chosen by tabs. */
export function Columns(props: Props) {
  const phone = useMedia(PHONE);
  return phone ? <Tabs {...props} /> : <Beside {...props} />;
}

function Beside({ turn, steps, actions, sentStepId, pinned }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const live = steps.findIndex((step) => step.status === "running");
  useEffect(() => {
    // The one that answers stays in sight where they scroll sideways.
    const column = box.current?.children[live];
    if (!box.current || !(column instanceof HTMLElement)) return;
    const middle = column.offsetLeft - (box.current.clientWidth - column.offsetWidth) / 2;
    box.current.scrollLeft = Math.max(0, middle);
  }, [live]);
  return (
    // It scrolls sideways: it must be reachable by keyboard.
    <div ref={box} className="cols" role="group" aria-label={t.turn.columns} tabIndex={0}>
      {steps.map((step) => (
        <StepBlock
          key={step.id}
          column
          turn={turn}
          step={step}
          actions={actions}
          sentOpen={sentStepId === step.id}
          pinned={isPinned(step, pinned)}
        />
      ))}
    </div>
  );
}

function Tabs({ turn, steps, actions, sentStepId, pinned }: Props) {
  const [chosen, setChosen] = useState<string | null>(null);
  const list = useRef<HTMLDivElement>(null);
  // Until one is chosen, the one that answers, then the last that has answered.
  const current =
    steps.find((step) => step.id === chosen) ??
    steps.find((step) => step.status === "running") ??
    steps.findLast((step) => step.status === "completed") ??
    steps[0];
  useInSight(list, current?.id ?? "");
  if (!current) return null;
  const panelId = `tab-${turn.id}`;
  function onKeyDown(event: KeyboardEvent) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined || !current) return;
    event.preventDefault();
    const at = (steps.indexOf(current) + by + steps.length) % steps.length;
    setChosen(steps[at]?.id ?? null);
    list.current?.querySelectorAll<HTMLElement>("[role=tab]")[at]?.focus();
  }
  return (
    <>
      {/* eslint-disable-next-line jsx-a11y/interactive-supports-focus -- its tabs take the focus, and these are their keys */}
      <div
        ref={list}
        role="tablist"
        aria-label={t.turn.columns}
        className="tabs tabs-agents"
        onKeyDown={onKeyDown}
      >
        {steps.map((step) => (
          <Tab
            key={step.id}
            turn={turn}
            step={step}
            panelId={panelId}
            selected={step === current}
            onSelect={() => setChosen(step.id)}
          />
        ))}
      </div>
      <div id={panelId} role="tabpanel" aria-label={nameOf(current)} className="pt-3">
        <StepBlock
          key={current.id}
          turn={turn}
          step={current}
          actions={actions}
          sentOpen={sentStepId === current.id}
          pinned={isPinned(current, pinned)}
        />
      </div>
    </>
  );
}

interface TabProps {
  turn: Turn;
  step: Step;
  panelId: string;
  selected: boolean;
  onSelect: () => void;
}

function Tab({ turn, step, panelId, selected, onSelect }: TabProps) {
  const writing = useIsWriting(step);
  const name = nameOf(step);
  return (
    <button
      type="button"
      role="tab"
      aria-selected={selected}
      aria-controls={panelId}
      tabIndex={selected ? 0 : -1}
      data-c={step.agent?.color}
      data-look={lookOf(step)}
      onClick={onSelect}
    >
      <Avatar name={name} color={step.agent?.color ?? 0} size="s" />
      <span>{name}</span>
      <StateMark step={step} writing={writing} waiting={waitingFor(turn, step, true)} iconOnly />
    </button>
  );
}
