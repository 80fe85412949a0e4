import { CircleAlert, CircleCheck, X } from "lucide-react";
import { useEffect, useState } from "react";

import { t } from "../lib/strings";
import { closeToast, showToast, type Toast, useToasts } from "../parts/toasts";
import { IconButton } from "../ui/IconButton";

/** Long enough to read it, find the button and press it. */
const SHOWN_MS = 10_000;

/** The toasts. They go by themselves, but not while the pointer or the focus is on them. */
export function Toaster() {
  const toasts = useToasts();
  return (
    <div className="toasts">
      <div role="status" aria-live="polite" className="grid gap-2">
        {toasts
          .filter((toast) => !toast.bad)
          .map((toast) => (
            <Row key={toast.id} toast={toast} />
          ))}
      </div>
      {toasts
        .filter((toast) => toast.bad)
        .map((toast) => (
          <Row key={toast.id} toast={toast} />
        ))}
    </div>
  );
}

function Row({ toast }: { toast: Toast }) {
  const [held, setHeld] = useState(false);
  const [busy, setBusy] = useState(false);
  const stays = held || busy || toast.bad;
  useEffect(() => {
    if (stays) return;
    const timer = setTimeout(() => closeToast(toast.id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [stays, toast.id]);
  const { action } = toast;
  const act = async () => {
    setBusy(true);
    try {
      await action?.run();
    } catch (error) {
      showToast({ words: error instanceof Error ? error.message : String(error), bad: true });
    }
    closeToast(toast.id);
  };
  const Icon = toast.bad ? CircleAlert : CircleCheck;
  return (
    <div
      className="toast"
      role={toast.bad ? "alert" : undefined}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <Icon className={`icon ${toast.bad ? "text-bad" : "text-ok"}`} aria-hidden />
      <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">{toast.words}</span>
      {action && (
        <button type="button" className="btn btn-s" disabled={busy} onClick={() => void act()}>
          {action.label}
        </button>
      )}
      <IconButton label={t.problems.dismiss} small onClick={() => closeToast(toast.id)}>
        <X className="icon icon-s" aria-hidden />
      </IconButton>
    </div>
  );
}
