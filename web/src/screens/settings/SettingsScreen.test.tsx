import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";

import { createQueryClient } from "../../api/queries";
import { preferences, setPreferences } from "../../lib/preferences";
import { changes, items, json, serve } from "../../testing/server";
import { problem } from "../../testing/stream";

import SettingsScreen, { type SettingsPart } from "./SettingsScreen";

afterEach(() => vi.unstubAllGlobals());

function open(part: SettingsPart) {
  render(
    <QueryClientProvider client={createQueryClient()}>
      <SettingsScreen part={part} />
    </QueryClientProvider>,
  );
  return userEvent.setup();
}

const PROVIDER = {
  name: "openai",
  kind: "openai",
  source: "not configured",
  takes_key: true,
  has_key: false,
  last4: null,
  models: ["openai/big", "openai/new"],
  any_model: true,
  available: false,
  reason: "There is no key.",
  note: null,
};
const MODELS = [
  {
    id: "openai/big",
    context_window: 400_000,
    max_output_tokens: 16_000,
    capabilities: [],
    prices: { input: "1.250000", output: "10", cached_input: null, version: "1" },
    available: true,
    reason: null,
  },
  {
    id: "openai/new",
    context_window: 128_000,
    max_output_tokens: 16_000,
    capabilities: [],
    prices: null,
    available: false,
    reason: "It was retired.",
  },
];

describe("models and providers", () => {
  it("tells windows, prices, what has none, and why something is not available", async () => {
    serve({ "GET /api/v1/providers": items([PROVIDER]), "GET /api/v1/models": items(MODELS) });
    open("models");
    await screen.findByText("There is no key.");
    const [, big, fresh] = (await screen.findAllByRole("row")).map((row) => row.textContent);
    expect(big).toBe("big400 k16,000$1.25$10.00");
    expect(fresh).toBe("newIt was retired.128 k16,000unpricedunpriced");
  });

  it("keeps a key only in the request, and says that it works", async () => {
    const asked = serve({
      "GET /api/v1/providers": items([PROVIDER]),
      "PUT /api/v1/providers/openai/key": () =>
        json({ provider: { ...PROVIDER, has_key: true }, call: null, text: "ok", error: null }),
    });
    const user = open("models");
    await user.click(await screen.findByRole("button", { name: "Add key" }));
    const dialog = await screen.findByRole("dialog");
    await user.type(within(dialog).getByLabelText("Key of openai", { selector: "input" }), "sk-secret-1234");
    await user.click(within(dialog).getByRole("button", { name: "Test and store" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(changes(asked)).toEqual([
      ["PUT /api/v1/providers/openai/key", null, { key: "sk-secret-1234" }],
    ]);
    expect(JSON.stringify({ ...localStorage })).not.toContain("secret");
    expect(document.body.textContent).not.toContain("secret");
  });

  it("says why a key was refused, and keeps the box", async () => {
    serve({
      "GET /api/v1/providers": items([PROVIDER]),
      "PUT /api/v1/providers/openai/key": () => problem(422, "provider_key_refused"),
    });
    const user = open("models");
    await user.click(await screen.findByRole("button", { name: "Add key" }));
    await user.type(await screen.findByLabelText("Key of openai", { selector: "input" }), "sk-wrong{Enter}");
    expect((await screen.findByRole("alert")).textContent).toBe("It says provider_key_refused.");
    const box = screen.getByLabelText<HTMLInputElement>("Key of openai", { selector: "input" });
    expect(box.value).toBe("sk-wrong");
  });
});

describe("API keys", () => {
  const key = {
    id: "k",
    name: "nightly",
    scopes: ["read"],
    last4: "wxyz",
    user_id: "user",
    created_at: "2026-01-01T00:00:00Z",
  };

  it("makes a key and shows it this once", async () => {
    const asked = serve({
      "GET /api/v1/keys": items([]),
      "POST /api/v1/keys": () => json({ ...key, token: "pan_abcdwxyz" }, 201),
    });
    const user = open("keys");
    await user.click(await screen.findByRole("button", { name: "New key" }));
    await user.click(screen.getByRole("button", { name: "Make key" }));
    expect(screen.getByText("Give the key a name.")).toBeTruthy();
    await user.type(screen.getByRole("textbox", { name: /What is it for/ }), "nightly");
    await user.click(screen.getByRole("checkbox", { name: /^Write/ }));
    await user.click(screen.getByRole("button", { name: "Make key" }));
    await screen.findByText("pan_abcdwxyz");
    expect(changes(asked)[0]?.[2]).toEqual({ name: "nightly", scopes: ["read"] });
    await user.click(screen.getByRole("button", { name: "I have copied it" }));
    expect(screen.queryByText("pan_abcdwxyz")).toBeNull();
  });

  it("revokes a key after it was asked", async () => {
    const asked = serve({
      "GET /api/v1/keys": items([key]),
      "DELETE /api/v1/keys/k": () => new Response(null, { status: 204 }),
    });
    const user = open("keys");
    await user.click(await screen.findByRole("button", { name: "Revoke nightly" }));
    const dialog = await screen.findByRole("dialog");
    expect(changes(asked)).toEqual([]);
    await user.click(within(dialog).getByRole("button", { name: "Revoke" }));
    await waitFor(() => expect(changes(asked)).toHaveLength(1));
  });
});

it("keeps how a message is sent", async () => {
  serve();
  const user = open("page");
  await user.click(screen.getByRole("radio", { name: /^Ctrl and Enter/ }));
  expect(preferences().sendKey).toBe("mod-enter");
  await user.click(screen.getByRole("switch", { name: "Keyboard shortcuts" }));
  expect(preferences().shortcuts).toBe(false);
  setPreferences({ sendKey: "enter", shortcuts: true });
});
