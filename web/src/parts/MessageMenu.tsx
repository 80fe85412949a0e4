import { Ellipsis, Pin } from "lucide-react";

import { message as words } from "../lib/strings.summary";
import { IconButton } from "../ui/IconButton";
import { Menu, MenuItem } from "../ui/Menu";

import type { StepActions } from "./StepBlock";

interface Props {
  messageId: string;
  pinned: boolean;
  actions: Pick<StepActions, "onPin" | "onTakeBack">;
}

/** What can be done with what was said; nothing while a turn runs. */
export function MessageMenu({ messageId, pinned, actions: { onPin, onTakeBack } }: Props) {
  if (!onPin || !onTakeBack) return null;
  return (
    <Menu
      align="end"
      trigger={
        <IconButton label={words.more}>
          <Ellipsis className="icon icon-s" aria-hidden />
        </IconButton>
      }
    >
      <MenuItem onSelect={() => onPin(messageId, !pinned)}>
        {pinned ? words.unpin : words.pin}
      </MenuItem>
      <MenuItem onSelect={() => onTakeBack(messageId)}>{words.takeBack}</MenuItem>
    </Menu>
  );
}

/** Says that every agent is told it, however old it is. */
export function PinMark() {
  return (
    <span className="inline-flex items-center gap-1 text-fg-2">
      <Pin className="icon icon-s" aria-hidden />
      {words.mark}
    </span>
  );
}
