import { Clock, Pencil, X } from "lucide-react";

import { t } from "../../lib/strings";
import { IconButton } from "../../ui/IconButton";

interface Props {
  text: string;
  onEdit: () => void;
  onRemove: () => void;
}

/** The message that is sent when the turn has ended. */
export function WaitingMessage({ text, onEdit, onRemove }: Props) {
  return (
    <div role="status" className="notice bg-sunken">
      <Clock className="icon text-fg-2" aria-hidden />
      <p className="cut flex-1">
        <span className="text-fg-2">{t.composer.waiting} </span>
        {text}
      </p>
      <IconButton label={t.composer.waitingEdit} small onClick={onEdit}>
        <Pencil className="icon icon-s" aria-hidden />
      </IconButton>
      <IconButton label={t.composer.waitingRemove} small onClick={onRemove}>
        <X className="icon icon-s" aria-hidden />
      </IconButton>
    </div>
  );
}
