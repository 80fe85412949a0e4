/** What the user does to a session's turns: send, stop, retry, run again. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";

import * as calls from "../../api/calls";
import { ApiProblem } from "../../api/problems";
import { sessions, timelineKey } from "../../api/queries";
import { OUT_OF_STEP, reduce } from "../../api/reduce";
import type { Timeline } from "../../api/timeline";
import { branchOf } from "../../api/tries";
import type { NewTurn, Step, Turn, Word } from "../../api/types";
import { t } from "../../lib/strings";
import type { StopWhen } from "../../parts/composer/StopButton";
import { showToast } from "../../parts/toasts";

import { keyFor, replied } from "./draft";

/** Whether the server's answer to a key is still to come. */
function isOpen(error: ApiProblem): boolean {
  return error.status === 0 || error.status >= 500 || error.code === "idempotency_in_progress";
}

/** A fresh key, kept over the repeats of one action until the server has answered. */
function useKeys() {
  const [keys] = useState(() => new Map<string, string>());
  return async <Answer>(action: string, ask: (key: string) => Promise<Answer>) => {
    const key = keys.get(action) ?? crypto.randomUUID();
    keys.set(action, key);
    try {
      const answer = await ask(key);
      keys.delete(action);
      return answer;
    } catch (error) {
      if (error instanceof ApiProblem && !isOpen(error)) keys.delete(action);
      throw error;
    }
  };
}

/** `onStale`: what is shown is not how it stands; the snapshot is to be read again. */
export function useTurns(sessionId: string, onStale: () => void) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [stoppedTurn, setStoppedTurn] = useState<string | null>(null);
  const [decidedId, setDecidedId] = useState<string | null>(null);
  const once = useKeys();

  /** The new turn is shown at once; its event finds it there. */
  function show(turn: Turn) {
    client.setQueryData<Timeline>(timelineKey(sessionId), (timeline) => {
      if (!timeline) return timeline;
      const data = { session_id: sessionId, turn_id: turn.id, turn };
      const after = reduce(timeline, { type: "turn.created", data });
      return after === OUT_OF_STEP ? timeline : after;
    });
  }
  const onError = (error: unknown) => {
    if (!(error instanceof ApiProblem)) throw error;
    setProblem(error);
  };
  const options = { onMutate: () => setProblem(null), onError };

  const send = useMutation({
    ...options,
    mutationFn: async (body: NewTurn) => {
      try {
        const turn = await calls.sendTurn(sessionId, body, keyFor(sessionId, body));
        replied(sessionId);
        return turn;
      } catch (error) {
        if (error instanceof ApiProblem && !isOpen(error)) replied(sessionId);
        throw error;
      }
    },
    onSuccess: show,
  });
  const stop = useMutation({
    ...options,
    mutationFn: ({ turn, when }: { turn: Turn; when: StopWhen }) => {
      setStoppedTurn(turn.id);
      return calls.cancelTurn(turn.id, when);
    },
    onError: (error) => {
      // The turn ended while the request was on its way: that is what was asked for.
      if (error instanceof ApiProblem && error.code === "already_terminal") return;
      setStoppedTurn(null);
      onError(error);
    },
  });
  const retry = useMutation({
    ...options,
    mutationFn: ({ turn, steps }: { turn: Turn; steps?: Step[] }) => {
      const ids = steps?.map((step) => step.id);
      return once(`retry.${turn.id}.${ids?.join()}`, (key) => calls.retryTurn(turn.id, ids, key));
    },
    onSuccess: show,
  });
  const rerun = useMutation({
    ...options,
    mutationFn: ({ turn, step, model }: { turn: Turn; step: Step; model?: string }) => {
      const models = model && step.agent ? { [step.agent.key]: model } : {};
      return once(`rerun.${step.id}.${model}`, (key) =>
        calls.rerunFrom(turn.id, step.id, models, key),
      );
    },
    onSuccess: show,
  });
  const edit = useMutation({
    ...options,
    mutationFn: ({ turn, text }: { turn: Turn; text: string }) =>
      once(`edit.${turn.id}.${text}`, (key) => calls.askAnew(turn.id, text, key)),
    onSuccess: show,
  });
  /** Show the branch in which a step was run: the session goes on from there. */
  const goTo = useMutation({
    ...options,
    mutationFn: async (stepId: string) => {
      const head = await branchOf(stepId, (cursor) => calls.getAllTurns(sessionId, cursor));
      if (head !== null) await calls.setHead(sessionId, head);
    },
    onSuccess: onStale,
  });
  const fork = useMutation({
    ...options,
    mutationFn: (turnId: string) =>
      once(`fork.${turnId}`, (key) => calls.forkSession(sessionId, turnId, key)),
    onSuccess: (session) => {
      void client.invalidateQueries({ queryKey: sessions.queryKey });
      navigate(`/s/${session.id}`);
      showToast({
        words: t.session.forked,
        action: { label: t.session.forkBack, run: () => navigate(`/s/${sessionId}`) },
      });
    },
  });
  const decide = useMutation({
    ...options,
    mutationFn: ({ turn, word }: { turn: Turn; word: Word }) => {
      const approvalId = turn.approval?.id ?? "";
      setDecidedId(approvalId);
      return calls.decideApproval(turn.id, approvalId, word);
    },
    onError: (error) => {
      setDecidedId(null);
      onError(error);
      if (error instanceof ApiProblem && error.code === "approval_closed") onStale();
    },
  });
  const older = useMutation({
    ...options,
    mutationFn: (cursor: string) => calls.getTimeline(sessionId, cursor),
  });
  return {
    send,
    stop,
    retry,
    rerun,
    edit,
    goTo,
    fork,
    decide,
    older,
    problem,
    stoppedTurn,
    decidedId,
    dismiss: () => setProblem(null),
  };
}
