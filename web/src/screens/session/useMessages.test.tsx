import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";

import { createQueryClient, timelineKey } from "../../api/queries";
import type { Timeline } from "../../api/timeline";
import { useToasts } from "../../parts/toasts";
import { makeTimeline, makeTurn } from "../../testing/make";
import { changes, json, serve } from "../../testing/server";
import { problem } from "../../testing/stream";

import { useMessages } from "./useMessages";

afterEach(() => vi.unstubAllGlobals());

const gone = () => new Response(null, { status: 204 });

function Buttons({ onStale }: { onStale: () => void }) {
  const messages = useMessages("s1", onStale);
  return (
    <>
      <button type="button" onClick={() => messages.pin("m", true)}>
        pin
      </button>
      <button type="button" onClick={() => messages.takeBack("m")}>
        take
      </button>
      {useToasts().map(({ id, words, action }) => (
        <button key={id} type="button" onClick={() => void action?.run()}>
          {action?.label ?? words}
        </button>
      ))}
    </>
  );
}

function open(answers: Parameters<typeof serve>[0]) {
  const asked = serve(answers);
  const client = createQueryClient();
  client.setQueryData<Timeline>(timelineKey("s1"), makeTimeline([makeTurn("t1")]));
  const onStale = vi.fn();
  render(
    <QueryClientProvider client={client}>
      <Buttons onStale={onStale} />
    </QueryClientProvider>,
  );
  const pinned = () => client.getQueryData<Timeline>(timelineKey("s1"))?.pinned;
  return { asked, onStale, pinned, user: userEvent.setup() };
}

describe("a message", () => {
  it("is taken back at once, and given back for as long as the toast is there", async () => {
    const { asked, onStale, user } = open({
      "DELETE /api/v1/messages/m": gone,
      "POST /api/v1/messages/m/restore": () => json({ id: "m" }),
    });
    await user.click(screen.getByRole("button", { name: "take" }));
    await waitFor(() => expect(onStale).toHaveBeenCalledOnce());
    await user.click((await screen.findAllByRole("button", { name: "Undo" })).at(-1) as HTMLElement);
    await waitFor(() => expect(onStale).toHaveBeenCalledTimes(2));
    expect(changes(asked).map(([what]) => what)).toEqual([
      "DELETE /api/v1/messages/m",
      "POST /api/v1/messages/m/restore",
    ]);
  });

  it("is marked as pinned once the server has it so, and not after undo", async () => {
    const { pinned, user } = open({
      "PUT /api/v1/messages/m/pin": () => json({ id: "m" }),
      "DELETE /api/v1/messages/m/pin": gone,
    });
    await user.click(screen.getByRole("button", { name: "pin" }));
    await waitFor(() => expect(pinned()).toEqual(["m"]));
    await user.click((await screen.findAllByRole("button", { name: "Undo" })).at(-1) as HTMLElement);
    await waitFor(() => expect(pinned()).toEqual([]));
  });

  it("that cannot be taken back says why", async () => {
    const { onStale, user } = open({
      "DELETE /api/v1/messages/m": () => problem(409, "turn_in_progress"),
    });
    await user.click(screen.getByRole("button", { name: "take" }));
    await screen.findByRole("button", { name: "It says turn_in_progress." });
    expect(onStale).not.toHaveBeenCalled();
  });
});
