import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";

import { createQueryClient } from "../../api/queries";
import { makeStep } from "../../testing/make";
import { changes, serve } from "../../testing/server";

import { useMessages } from "./useMessages";

afterEach(() => vi.unstubAllGlobals());

const STEP = makeStep("a", { message: { id: "m", content: "It is so." } });

function Buttons({ onStale }: { onStale: () => void }) {
  const messages = useMessages("s1", onStale);
  return (
    <>
      <button type="button" onClick={() => messages.pin(STEP)}>
        pin
      </button>
      <button type="button" onClick={() => messages.takeBack(STEP)}>
        take
      </button>
      {messages.dialog}
    </>
  );
}

it("takes a message back only after it was asked, and reads the session anew", async () => {
  const gone = () => new Response(null, { status: 204 });
  const asked = serve({ "DELETE /api/v1/messages/m": gone });
  const onStale = vi.fn();
  render(
    <QueryClientProvider client={createQueryClient()}>
      <Buttons onStale={onStale} />
    </QueryClientProvider>,
  );
  const user = userEvent.setup();
  await user.click(screen.getByRole("button", { name: "take" }));
  await screen.findByText(/Take back what A said/);
  expect(changes(asked)).toEqual([]);
  await user.click(screen.getByRole("button", { name: "Take back" }));
  await waitFor(() => expect(onStale).toHaveBeenCalledOnce());
  expect(changes(asked)).toEqual([["DELETE /api/v1/messages/m", null, undefined]]);
});
