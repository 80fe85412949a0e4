import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";

import { models, texts } from "../api/queries";
import type { Turn } from "../api/types";
import { makeStep, makeTurn, makeUsage } from "../testing/make";

import { TurnCard } from "./TurnCard";

const ERROR = {
  code: "rate_limited",
  title: "Too many requests",
  detail: "The provider asks to wait.",
  retryable: true,
};
const DONE = { started_at: "2026-01-01T00:00:01Z", finished_at: "2026-01-01T00:00:05Z" };

const analyst = makeStep("analyst", {
  status: "completed",
  attempts: 1,
  latency_ms: 4_100,
  message: { id: "m1", content: "**Go.**" },
  usage: makeUsage({ calls: 1, input_tokens: 2_918, cost_usd: "0.0092" }),
  ...DONE,
});
const skeptic = makeStep("skeptic", {
  position: 2,
  status: "failed",
  attempts: 3,
  error: ERROR,
  read: [{ step_id: "analyst", status: "completed" }],
  ...DONE,
});
const builder = makeStep("builder", {
  position: 3,
  status: "running",
  attempts: 1,
  message: null,
  read: [
    { step_id: "analyst", status: "completed" },
    { step_id: "skeptic", status: "failed" },
  ],
  started_at: "2026-01-01T00:00:06Z",
});
const editor = makeStep("editor", { position: 4 });
const LIVE = makeTurn("t1", { steps: [analyst, skeptic, builder, editor] });

function show(turn: Turn, head = true) {
  const onSent = vi.fn();
  const onRetry = vi.fn();
  const onOtherModel = vi.fn();
  const onFromHere = vi.fn();
  const onRetryMissing = vi.fn();
  const client = new QueryClient();
  client.setQueryData(models.queryKey, [
    model("demo/analyst", true),
    model("demo/editor", true),
    model("gone/x", false),
  ]);
  render(
    <QueryClientProvider client={client}>
      <TurnCard
        turn={turn}
        actions={head ? { onSent, onRetry, onOtherModel, onFromHere } : { onSent }}
        sentStepId={null}
        onRetryMissing={head ? onRetryMissing : undefined}
      />
    </QueryClientProvider>,
  );
  return { onSent, onRetry, onOtherModel, onFromHere, onRetryMissing, user: userEvent.setup() };
}

const model = (id: string, available: boolean) => ({
  id,
  context_window: 8_192,
  max_output_tokens: 1_024,
  capabilities: [],
  prices: null,
  available,
  reason: null,
});
const card = (name: string) => within(screen.getByRole("article", { name }));

describe("a running round table", () => {
  it("calls the roll in order, with each seat's state", () => {
    show(LIVE, false);
    const seats = within(screen.getByRole("list", { name: /Seats/ })).getAllByRole("listitem");
    expect(seats.map((seat) => seat.textContent)).toEqual([
      "AANALYSTDone, 4.1 s",
      "SSKEPTICFailed",
      "BBUILDERThinking",
      "EEDITORNext",
    ]);
    expect(seats.map((seat) => seat.getAttribute("aria-current"))).toEqual([
      null,
      null,
      "step",
      null,
    ]);
  });

  it("sums up, and says who waits for whom", () => {
    show(LIVE, false);
    expect(screen.getByText("1 of 4 answered")).toBeTruthy();
    expect(screen.getByText(/1 failed/).textContent).toBe("1 failed, turn will be partial");
    expect(card("EDITOR").getByText("Answers after BUILDER")).toBeTruthy();
  });

  it("shows cost and tokens of what is done, whom an agent read, errors apart", () => {
    show(LIVE, false);
    expect(card("ANALYST").getByText("$0.0092")).toBeTruthy();
    expect(card("ANALYST").getByText("First seat")).toBeTruthy();
    expect(card("ANALYST").getByRole("button", { name: "2,918 tokens sent" })).toBeTruthy();
    expect(card("SKEPTIC").getByText("not charged")).toBeTruthy();
    expect(card("BUILDER").getByText("1 answer")).toBeTruthy();
    expect(card("BUILDER").getByText("1 error")).toBeTruthy();
  });

  it("shows words as they come", () => {
    show(LIVE, false);
    const at = { session_id: "session", turn_id: "t1", step_id: "builder", attempt: 1 };
    vi.useFakeTimers();
    act(() => {
      texts.take({ type: "step.started", data: { ...at, step: builder } });
      const text = "Then *make* it";
      texts.take({ type: "step.delta", data: { ...at, text, offset: 0, length: text.length } });
      vi.runAllTimers();
    });
    vi.useRealTimers();
    expect(card("BUILDER").getByText("make").tagName).toBe("EM");
    expect(card("BUILDER").getByText("Writing")).toBeTruthy();
  });

  it("offers nothing that cannot be done now, but what was sent", async () => {
    const { onSent, user } = show(LIVE, false);
    expect(screen.queryByRole("button", { name: /Retry|another model/ })).toBeNull();
    await user.click(card("BUILDER").getByRole("button", { name: "What was sent" }));
    expect(onSent).toHaveBeenCalledExactlyOnceWith(LIVE, builder);
  });

  it("says that a step tries again, and why", () => {
    show(makeTurn("t1", { steps: [{ ...builder, error: ERROR }, editor] }), false);
    expect(card("BUILDER").getByText("Trying again")).toBeTruthy();
    expect(card("BUILDER").getByText("Too many requests.")).toBeTruthy();
  });
});

describe("a turn that is over", () => {
  const partial = makeTurn("t1", {
    status: "partial",
    steps: [analyst, skeptic],
    ...DONE,
  });

  it("names the missing and retries them", async () => {
    const { onRetryMissing, user } = show(partial);
    expect(screen.getByText("Partial, 1 of 2. SKEPTIC is missing.")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Retry SKEPTIC" }));
    expect(onRetryMissing).toHaveBeenCalledExactlyOnceWith(partial);
  });

  it("retries a failed seat, or asks another model that is there", async () => {
    const { onRetry, onOtherModel, user } = show(partial);
    await user.click(card("SKEPTIC").getByRole("button", { name: "Retry" }));
    expect(onRetry).toHaveBeenCalledExactlyOnceWith(partial, skeptic);
    await user.click(card("SKEPTIC").getByRole("button", { name: "Use another model" }));
    const choices = await screen.findAllByRole("menuitem");
    expect(choices.map((choice) => choice.textContent)).toEqual(["demo/editor"]);
    await user.click(screen.getByRole("menuitem", { name: "demo/editor" }));
    expect(onOtherModel).toHaveBeenCalledExactlyOnceWith(partial, skeptic, "demo/editor");
  });

  it("keeps what a stopped agent has said", () => {
    const stopped = { ...builder, status: "cancelled" as const, ...DONE };
    const steps = [analyst, { ...stopped, message: { id: "m", content: "Half a sen" } }, editor];
    const turn = makeTurn("t1", {
      status: "cancelled",
      steps: steps.map((step) => (step.id === "editor" ? { ...step, status: "cancelled" } : step)),
    });
    show(turn);
    expect(card("BUILDER").getByText("Half a sen")).toBeTruthy();
    expect(screen.getByText("Stopped before BUILDER and EDITOR answered.")).toBeTruthy();
  });

  it("says when an answer rests on an older one, and runs again from there", async () => {
    const stale = makeStep("editor", {
      status: "completed",
      stale: true,
      source_step_id: "old",
      message: { id: "m", content: "So be it." },
    });
    const turn = makeTurn("t1", { status: "completed", retry_of: "t0", steps: [analyst, stale] });
    const { onFromHere, user } = show(turn);
    expect(card("EDITOR").getByText("Based on an older answer.")).toBeTruthy();
    expect(screen.getByText("Second try")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Run again from here" }));
    expect(onFromHere).toHaveBeenCalledExactlyOnceWith(turn, stale);
  });

  it("shows an empty answer, an unpriced one and a warning for what they are", () => {
    const empty = makeStep("a", {
      status: "completed",
      usage: makeUsage({ calls: 1, unpriced_calls: 1, cost_usd: null }),
    });
    const warnings = [{ code: "unknown_mention", detail: "Nobody here is called @x." }];
    show(makeTurn("t1", { status: "completed", steps: [empty], warnings }));
    expect(screen.getByText("The answer is empty, or it was taken back.")).toBeTruthy();
    expect(screen.getByText("unpriced")).toBeTruthy();
    expect(screen.getByText("Nobody here is called @x.")).toBeTruthy();
  });
});
