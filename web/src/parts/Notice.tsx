import { TriangleAlert, X } from "lucide-react";
import type { ReactNode } from "react";

import { t } from "../lib/strings";
import { IconButton } from "../ui/IconButton";

interface Props {
  children: ReactNode;
  /** `alert` speaks at once: something that the user did was refused. */
  role?: "alert" | "status";
  actions?: ReactNode;
  onDismiss?: () => void;
}

/** A line that tells what is the matter and what can be done. */
export function Notice({ children, role, actions, onDismiss }: Props) {
  return (
    <div className="notice" role={role}>
      <TriangleAlert className="icon text-warn" aria-hidden />
      <div className="min-w-0 flex-1 basis-52 py-1">{children}</div>
      {actions}
      {onDismiss && (
        <IconButton label={t.problems.dismiss} small onClick={onDismiss}>
          <X className="icon icon-s" aria-hidden />
        </IconButton>
      )}
    </div>
  );
}
