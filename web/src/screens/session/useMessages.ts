import { useMutation, useQueryClient } from "@tanstack/react-query";

import { giveBack, pinMessage, takeBack, unpinMessage } from "../../api/calls";
import { summaries, timelineKey } from "../../api/queries";
import { type Timeline, withPin } from "../../api/timeline";
import { message as words } from "../../lib/strings.summary";
import { showToast } from "../../parts/toasts";

interface Messages {
  pin: (messageId: string, pinned: boolean) => void;
  takeBack: (messageId: string) => void;
}

/** Pin what was said, or take it back; both can be undone. `onStale`: the snapshot is old. */
export function useMessages(sessionId: string, onStale: () => void): Messages {
  const client = useQueryClient();
  const onError = (error: Error) => showToast({ words: error.message, bad: true });
  const set = async (id: string, pinned: boolean) => {
    await (pinned ? pinMessage(id) : unpinMessage(id));
    client.setQueryData<Timeline>(
      timelineKey(sessionId),
      (timeline) => timeline && withPin(timeline, id, pinned),
    );
  };
  const pin = useMutation({
    mutationFn: ({ id, pinned }: { id: string; pinned: boolean }) => set(id, pinned),
    onSuccess: (_, { id, pinned }) =>
      showToast({
        words: pinned ? words.pinned : words.unpinned,
        action: { label: words.undo, run: () => set(id, !pinned) },
      }),
    onError,
  });
  const refresh = () => {
    void client.invalidateQueries({ queryKey: summaries(sessionId).queryKey });
    onStale();
  };
  const remove = useMutation({
    // It can be undone, so it is not asked about.
    mutationFn: takeBack,
    onSuccess: (_, id) => {
      refresh();
      showToast({
        words: words.takenBack,
        action: {
          label: words.undo,
          run: async () => {
            await giveBack(id);
            refresh();
          },
        },
      });
    },
    onError,
  });
  return {
    pin: (id, pinned) => pin.mutate({ id, pinned }),
    takeBack: (id) => remove.mutate(id),
  };
}
