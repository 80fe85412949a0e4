import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";

import { agent as words } from "../../lib/strings.room";
import { IconButton } from "../../ui/IconButton";
import { Avatar } from "../Avatar";

import type { AgentFields } from "./fields";

interface Props {
  fields: Pick<AgentFields, "name" | "color">;
  help?: string;
  menu?: ReactNode;
  onClose: () => void;
  children: ReactNode;
  foot?: ReactNode;
}

/** An agent's editor beside a room's; over it where there is no space. */
export function AgentPane({ fields, help, menu, onClose, children, foot }: Props) {
  const close = useRef<HTMLButtonElement>(null);
  const id = useId();
  useEffect(() => close.current?.focus(), []);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.defaultPrevented) onClose();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [onClose]);
  return (
    <aside aria-labelledby={id} className="agent-pane">
      <div className="flex items-start gap-3 pb-4">
        <Avatar name={fields.name} color={fields.color} />
        <div className="min-w-0 flex-1">
          <h2 id={id} className="cut text-14 font-semibold">
            {fields.name || words.new}
          </h2>
          {help && <p className="text-12 text-fg-3">{help}</p>}
        </div>
        {menu}
        <IconButton ref={close} label={words.close} small onClick={onClose}>
          <X className="icon" aria-hidden />
        </IconButton>
      </div>
      {children}
      {foot && <div className="agent-pane-foot">{foot}</div>}
    </aside>
  );
}
