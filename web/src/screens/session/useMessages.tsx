import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { pinMessage, takeBack, unpinMessage } from "../../api/calls";
import { summaries } from "../../api/queries";
import type { Step } from "../../api/types";
import { t } from "../../lib/strings";
import { message as words } from "../../lib/strings.summary";
import { nameOf } from "../../parts/steps";
import { showToast } from "../../parts/toasts";
import { Dialog } from "../../ui/Dialog";

interface Messages {
  pin: (step: Step) => void;
  takeBack: (step: Step) => void;
  /** The question before something is taken back. */
  dialog: ReactNode;
}

/** Pin what an agent said, or take it back. `onStale`: the snapshot is to be read again. */
export function useMessages(sessionId: string, onStale: () => void): Messages {
  const client = useQueryClient();
  const [asked, setAsked] = useState<Step | null>(null);
  const pin = useMutation({
    mutationFn: (id: string) => pinMessage(id),
    onSuccess: (_, id) =>
      showToast({
        words: words.pinned,
        action: { label: words.unpin, run: () => unpinMessage(id) },
      }),
    onError: (error) => showToast({ words: error.message, bad: true }),
  });
  const remove = useMutation({
    mutationFn: (id: string) => takeBack(id),
    onSuccess: () => {
      setAsked(null);
      showToast({ words: words.takenBack });
      void client.invalidateQueries({ queryKey: summaries(sessionId).queryKey });
      onStale();
    },
  });
  const { mutate } = pin;
  return {
    pin: (step) => step.message?.id && mutate(step.message.id),
    takeBack: setAsked,
    dialog: asked && (
      <Dialog open onOpenChange={() => setAsked(null)} title={words.takeBack}>
        <p>{words.takeBackAsk(nameOf(asked))}</p>
        {remove.error && (
          <p role="alert" className="text-13 text-bad">
            {remove.error.message}
          </p>
        )}
        <div className="flex justify-end gap-2">
          <button type="button" className="btn" onClick={() => setAsked(null)}>
            {t.session.cancel}
          </button>
          <button
            type="button"
            className="btn btn-ink"
            disabled={remove.isPending}
            onClick={() => asked.message?.id && remove.mutate(asked.message.id)}
          >
            {words.takeBack}
          </button>
        </div>
      </Dialog>
    ),
  };
}
