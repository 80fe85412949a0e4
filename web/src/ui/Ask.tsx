import type { ReactNode } from "react";

import { Dialog } from "./Dialog";

interface Props {
  title: string;
  children: ReactNode;
  /** Why it did not work. */
  error: Error | null;
  busy: boolean;
  /** The words of the two buttons: what is done, and that it is not. */
  yes: string;
  no: string;
  onYes: () => void;
  onClose: () => void;
}

/** The question before something that cannot be taken back. It is open for as long as it is there. */
export function Ask({ title, children, error, busy, yes, no, onYes, onClose }: Props) {
  return (
    <Dialog open onOpenChange={onClose} title={title}>
      <p>{children}</p>
      {error && (
        <p role="alert" className="text-13 text-bad">
          {error.message}
        </p>
      )}
      <div className="flex justify-end gap-2">
        <button type="button" className="btn" onClick={onClose}>
          {no}
        </button>
        <button type="button" className="btn btn-ink" disabled={busy} onClick={onYes}>
          {yes}
        </button>
      </div>
    </Dialog>
  );
}
