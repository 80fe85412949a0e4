import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";

import type { Decision, Step, Turn, Verdict } from "../api/types";
import { makeApproval, makeStep, makeTurn, makeUsage } from "../testing/make";

import { TurnCard } from "./TurnCard";

const MANAGER = { key: "manager", name: "Manager", color: 8, model: "demo/analyst" };
const BRIEFS = [
  { agent: "analyst", brief: "Count the clients." },
  { agent: "skeptic", brief: "Argue for waiting." },
];

function route(round: number, part: Partial<Step> & { says?: Partial<Decision> } = {}): Step {
  const { says, ...rest } = part;
  const decision = { action: "delegate", assignments: BRIEFS, answer: null, reason: "Facts first." };
  return makeStep(`route${round}`, {
    kind: "route",
    round,
    position: 0,
    agent: MANAGER,
    status: "completed",
    decision: { ...decision, ...says },
    latency_ms: 900,
    usage: makeUsage({ calls: 1, cost_usd: "0.0011" }),
    ...rest,
  });
}

const answer = (key: string, position: number, part: Partial<Step> = {}) =>
  makeStep(key, { position, status: "completed", latency_ms: 5_200, attempts: 1, ...part });
const synthesis = (part: Partial<Step> = {}) =>
  makeStep("synth", { kind: "synthesis", round: 2, position: 0, agent: MANAGER, ...part });
const word = (verdict: Partial<Verdict>) =>
  makeStep("word", {
    kind: "approval",
    position: 0,
    agent: null,
    status: "completed",
    decision: { action: "approve", assignments: null, note: null, proposal: null, ...verdict },
  });

const ROSTER = BRIEFS.map(({ agent }, index) => ({
  agent_id: agent,
  key: agent,
  name: agent.toUpperCase(),
  color: index + 1,
  model: "demo/analyst",
  position: index + 1,
}));
const ROOM = { limits: { rounds: 2, turn_seconds: 180 }, updated_at: "2025-12-31T00:00:00Z" };
const OVER = { finished_at: "2026-01-01T00:01:00Z", status: "completed" } as const;

function show(part: Partial<Turn>, room = ROOM) {
  const onSent = vi.fn();
  const onDecide = vi.fn();
  const turn = makeTurn("t1", {
    mode: "orchestrator",
    started_at: "2026-01-01T00:00:00Z",
    ...part,
    roster: ROSTER,
  });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <TurnCard
        turn={turn}
        actions={{ onSent }}
        sentStepId={null}
        room={room}
        onDecide={onDecide}
        decidingId={null}
      />
    </QueryClientProvider>,
  );
  return { turn, onSent, onDecide, user: userEvent.setup() };
}

const plan = () =>
  within(screen.getByRole("list", { name: /^Plan/ }))
    .getAllByRole("listitem")
    .map((row) => row.textContent);

describe("the plan", () => {
  it("shows decisions, briefs, states and what comes next", () => {
    const running = answer("skeptic", 2, { status: "running" });
    show({ steps: [route(1), answer("analyst", 1), running] });
    expect(plan()).toEqual([
      "MRound 1Facts first.0.9 s, $0.0011",
      "AANALYSTCount the clients.Done, 5.2 s",
      "SSKEPTICArgue for waiting.Thinking",
      "Then the manager decides: one more round, or the answer",
    ]);
    expect(screen.getByText("Round 1 of 2")).toBeTruthy();
    expect(screen.getByText("2 of 12 specialist calls")).toBeTruthy();
    expect(screen.getByText(/ of 3:00$/)).toBeTruthy();
  });

  it("makes no card of a decision, and gives cards their brief", () => {
    show({ steps: [route(1), answer("analyst", 1), answer("skeptic", 2), synthesis()] });
    const cards = screen.getAllByRole("article");
    expect(cards.map((card) => card.getAttribute("aria-label"))).toEqual([
      "ANALYST",
      "SKEPTIC",
      "Manager",
    ]);
    expect(cards[0]?.textContent).toContain("Brief: Count the clients.");
    expect(cards[2]?.textContent).not.toContain("Brief:");
    expect(plan().at(-1)).toBe("Then the manager writes the answer");
  });

  it("opens what the manager was sent", async () => {
    const { turn, onSent, user } = show({ steps: [route(1)] });
    await user.click(screen.getByRole("button", { name: /0.9 s/ }));
    expect(onSent).toHaveBeenCalledExactlyOnceWith(turn, turn.steps[0]);
  });

  it("says when the last round is on", () => {
    const steps = [route(1), answer("analyst", 1), route(2), answer("x", 1, { round: 2 })];
    show({ steps });
    expect(plan().at(-1)).toBe("Then the answer: this was the last round");
  });

  it("shows no later decision before its time: a second try knows of it", () => {
    const waits = route(2, { status: "pending", decision: null });
    show({ steps: [route(1), answer("analyst", 1, { status: "running" }), waits] });
    expect(plan().at(-1)).toContain("Then the manager decides");
    expect(plan().join()).not.toContain("Round 2");
    expect(screen.getByText("Round 1 of 2")).toBeTruthy();
  });

  it("marks what was decided and never asked", () => {
    const steps = [route(1), answer("analyst", 1), route(2, { says: { action: "finish" } })];
    show({ steps, ...OVER });
    expect(plan()[2]).toBe("SSKEPTICArgue for waiting.Not asked");
    expect(plan()[3]).toContain("Answer");
  });

  it("says no cap that may not be the turn's: the room has changed since", () => {
    show({ steps: [route(1)] }, { ...ROOM, updated_at: "2026-01-02T00:00:00Z" });
    expect(screen.getByText("0 specialist calls")).toBeTruthy();
  });

  it.each([
    ["rounds", "The limit of rounds was reached. The answer was written from what there was."],
    ["calls", "The limit of specialist calls was reached."],
    ["calls_per_agent", "The limit of calls of one agent was reached."],
    ["turn_seconds", "The turn's time limit was reached."],
    ["stall", "The manager asked the same again."],
    ["router_invalid", "The manager gave no valid decision."],
    ["stopped", "You stopped it here."],
    ["approval_expired", "Nobody decided in time."],
    ["solar_flare", "The turn ended early: solar flare."],
  ])("says why a turn ended: %s", (stop_reason, words) => {
    const done = synthesis({ status: "completed" });
    show({ steps: [route(1), answer("analyst", 1), done], stop_reason, ...OVER });
    expect(plan().at(-1)).toContain(words);
    expect(screen.getAllByText(words, { exact: false })).toHaveLength(1);
  });

  it("says why there is no decision", () => {
    const error = {
      code: "router_invalid",
      title: "No valid decision",
      detail: "There is no agent zeus.",
      retryable: false,
    };
    show({ steps: [route(1, { status: "failed", decision: null, error })] });
    expect(plan()).toEqual([
      "MRound 1No valid decisionFailed",
      "There is no agent zeus.",
      "Then the manager writes the answer",
    ]);
  });

  it("names a synthesis that failed as what is missing", () => {
    const steps = [route(1), answer("analyst", 1), synthesis({ status: "failed" })];
    show({ steps, ...OVER, status: "partial" });
    expect(screen.getByText("Partial, 1 of 2. Synthesis is missing.")).toBeTruthy();
  });

  it("says that a greeting's answer came with the decision", () => {
    const says = { action: "finish", assignments: [], reason: "A greeting." } as const;
    const given = synthesis({ status: "completed", message: { id: "m", content: "Hello!" } });
    show({ steps: [route(1, { says: { ...says, assignments: [] } }), given], ...OVER });
    expect(plan()).toEqual(["MAnswerA greeting.0.9 s, $0.0011"]);
    expect(screen.getByText("Answered with the decision")).toBeTruthy();
    expect(screen.queryByText(/specialist calls/)).toBeNull();
    expect(screen.queryByRole("button", { name: /sent/ })).toBeNull();
  });

  it("shows the user's word, and the briefs as changed by it", () => {
    const assignments = [{ agent: "skeptic", brief: "Be kind." }];
    const said = word({ assignments, note: "Short, please." });
    show({ steps: [route(1), said, answer("skeptic", 1)] });
    expect(plan().slice(1, 3)).toEqual([
      "You approved the plan with changesShort, please.",
      "SSKEPTICBe kind.Done, 5.2 s",
    ]);
  });

  it("shows that the user stopped it", () => {
    show({ steps: [route(1), word({ action: "stop" }), synthesis()] });
    expect(plan()[1]).toBe("You stopped it here");
    expect(plan()[2]).toContain("Not asked");
  });
});

describe("a turn that waits", () => {
  const asked = { ...word({}), status: "running", decision: {} } as const;
  const waiting: Partial<Turn> = {
    status: "awaiting_input",
    approval: makeApproval("word", BRIEFS),
    steps: [route(1), asked],
  };
  const approve = () => screen.getByRole("button", { name: "Approve" });
  const brief = (name: string) => screen.getByRole("textbox", { name: `Brief for ${name}` });

  it("lets the proposal pass as it is", async () => {
    const { turn, onDecide, user } = show(waiting);
    expect(plan()).toEqual(["MRound 1Facts first.0.9 s, $0.0011", "Waits for you"]);
    await user.click(approve());
    expect(onDecide).toHaveBeenCalledExactlyOnceWith(turn, { action: "approve" });
  });

  it("lets it pass with a brief changed, an agent left out and a note", async () => {
    const { turn, onDecide, user } = show(waiting);
    await user.clear(brief("SKEPTIC"));
    expect(screen.getByText(/Write a brief for each/)).toBeTruthy();
    expect(approve()).toHaveProperty("disabled", true);
    await user.type(brief("SKEPTIC"), "Be kind.");
    await user.click(screen.getByRole("button", { name: "Do not ask ANALYST" }));
    await user.type(screen.getByRole("textbox", { name: "Note to the manager" }), " Short. ");
    await user.click(approve());
    expect(onDecide).toHaveBeenCalledExactlyOnceWith(turn, {
      action: "approve",
      assignments: [{ agent: "skeptic", brief: "Be kind." }],
      note: "Short.",
    });
  });

  it("wants at least one, and takes one back", async () => {
    const { onDecide, turn, user } = show(waiting);
    await user.click(screen.getByRole("button", { name: "Do not ask ANALYST" }));
    await user.click(screen.getByRole("button", { name: "Do not ask SKEPTIC" }));
    expect(screen.getByText("Keep at least one, or stop.")).toBeTruthy();
    expect(approve()).toHaveProperty("disabled", true);
    await user.click(screen.getByRole("button", { name: "Ask ANALYST after all" }));
    await user.click(screen.getByRole("button", { name: "Ask SKEPTIC after all" }));
    await user.click(approve());
    expect(onDecide).toHaveBeenCalledExactlyOnceWith(turn, { action: "approve" });
  });

  it("is stopped without its assignments", async () => {
    const { turn, onDecide, user } = show(waiting);
    await user.type(brief("SKEPTIC"), " Changed.");
    await user.click(screen.getByRole("button", { name: "Stop here" }));
    expect(onDecide).toHaveBeenCalledExactlyOnceWith(turn, { action: "stop" });
  });

  it("asks between two agents of a round table, and keeps what was said there", () => {
    const said = word({ note: "What of the cost?" });
    show({
      mode: "roundtable",
      status: "awaiting_input",
      approval: { ...makeApproval("b"), proposal: { kind: "next_agent", agent: "skeptic" } },
      steps: [answer("analyst", 1), said, answer("skeptic", 2, { status: "pending" })],
    });
    expect(screen.getByRole("heading", { name: "Next: SKEPTIC" })).toBeTruthy();
    expect(screen.getByText("What of the cost?")).toBeTruthy();
    expect(screen.getByRole("button", { name: "Continue" })).toBeTruthy();
  });
});
