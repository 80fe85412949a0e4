import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Ellipsis } from "lucide-react";
import { useLocation } from "wouter";

import { rooms, sessions } from "../../api/queries";
import { deleteRoom, restoreRoom } from "../../api/setup";
import type { Room } from "../../api/types";
import { room as words } from "../../lib/strings.room";
import { showToast } from "../../parts/toasts";
import { useNewSession } from "../../parts/useNewSession";
import { IconButton } from "../../ui/IconButton";
import { Menu, MenuItem } from "../../ui/Menu";

/** A new session in the room, or no room any more. */
export function RoomMenu({ room }: { room: Room }) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const open = useNewSession();
  const refresh = () =>
    Promise.all([
      client.invalidateQueries({ queryKey: rooms.queryKey }),
      client.invalidateQueries({ queryKey: sessions.queryKey }),
    ]);
  const remove = useMutation({
    // It can be taken back, so it is not asked about.
    mutationFn: () => deleteRoom(room),
    onSuccess: () => {
      navigate("/", { replace: true });
      void refresh();
      showToast({
        words: words.removed(room.name),
        action: {
          label: words.undo,
          run: async () => {
            await restoreRoom(room.id);
            await refresh();
            navigate(`/rooms/${room.id}`);
          },
        },
      });
    },
    onError: (error) => showToast({ words: error.message, bad: true }),
  });
  return (
    <Menu
      trigger={
        <IconButton label={words.menu} small>
          <Ellipsis className="icon" aria-hidden />
        </IconButton>
      }
    >
      <MenuItem onSelect={() => open.mutate({ kind: "rooms", id: room.id })}>
        {words.newSession}
      </MenuItem>
      <MenuItem onSelect={() => remove.mutate()}>{words.remove}</MenuItem>
    </Menu>
  );
}
