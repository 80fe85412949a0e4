import { useState } from "react";

import { isLive } from "../../api/timeline";
import type { StepStatus, Turn } from "../../api/types";
import { t } from "../../lib/strings";
import { answers, nameOf, tally } from "../../parts/steps";

const SAID: Partial<Record<StepStatus, string>> = {
  completed: t.step.done.toLowerCase(),
  failed: t.step.failed.toLowerCase(),
  cancelled: t.step.stopped.toLowerCase(),
};

/** Tells a screen reader what has changed: "Analyst done, 2 of 5", then how the turn ended. */
export function Announcer({ turn }: { turn: Turn | undefined }) {
  const [before, setBefore] = useState(turn);
  const [words, setWords] = useState("");
  if (turn !== before) {
    setBefore(turn);
    const news = turn && before?.id === turn.id ? changes(before, turn) : [];
    if (news.length > 0) setWords(news.join(". "));
  }
  return (
    <p className="vh" role="status" aria-live="polite">
      {words}
    </p>
  );
}

function changes(before: Turn, now: Turn): string[] {
  const { done, all } = tally(now);
  const news = answers(now).flatMap((step) => {
    const word = SAID[step.status];
    const old = before.steps.find((other) => other.id === step.id);
    return word && old?.status !== step.status
      ? [t.announce.step(nameOf(step), word, done, all)]
      : [];
  });
  if (now.status === "awaiting_input" && before.status !== "awaiting_input")
    news.push(t.announce.awaiting);
  if (isLive(before) && !isLive(now)) news.push(t.announce.turn(t.turn.status[now.status]));
  return news;
}
