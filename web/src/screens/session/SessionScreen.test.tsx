import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";

import { createQueryClient } from "../../api/queries";
import { makeSession } from "../../testing/make";
import { items, json, makeRoom, serve } from "../../testing/server";

import { SessionScreen } from "./SessionScreen";

afterEach(() => vi.unstubAllGlobals());

/** A session whose room is not known before `arrive` is called. */
function open() {
  let arrive = () => undefined as void;
  const known = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const session = makeSession({ id: "s1", name: "Launch plan" });
  serve({
    "GET /api/v1/sessions": items([session]),
    "GET /api/v1/sessions/s1/timeline": () =>
      json({ session, items: [], pinned: [], next_cursor: null, last_event_id: "0.0" }),
    "GET /api/v1/rooms": () => known.then(items([makeRoom()])),
  });
  render(
    <QueryClientProvider client={createQueryClient()}>
      <SessionScreen id="s1" />
    </QueryClientProvider>,
  );
  return { arrive, user: userEvent.setup() };
}

it("gives the focus to the message's box as soon as it is there", async () => {
  const { arrive } = open();
  await screen.findByRole("button", { name: "Session menu" });
  expect(screen.queryByRole("textbox", { name: "Message" })).toBeNull();
  arrive();
  const box = await screen.findByRole("textbox", { name: "Message" });
  await waitFor(() => expect(document.activeElement).toBe(box));
});

it("leaves a menu open that was opened while the session was loading", async () => {
  const { arrive, user } = open();
  (await screen.findByRole("button", { name: "Session menu" })).focus();
  await user.keyboard("{Enter}");
  await screen.findByRole("menuitem", { name: "Rename" });
  arrive();
  await screen.findByRole("textbox", { name: "Message" });
  await user.keyboard("{Enter}");
  await screen.findByRole("dialog", { name: "Rename" });
});
