import { WifiOff } from "lucide-react";
import { useSyncExternalStore } from "react";

import { t } from "../../lib/strings";

/** Says that the connection is lost and comes back by itself. */
export function ConnectionBanner({ lost }: { lost: boolean }) {
  const online = useSyncExternalStore(subscribe, () => navigator.onLine);
  // A row of the grid stands here in any case.
  if (online && !lost) return <div />;
  return (
    <div
      role="status"
      className="flex items-center justify-center gap-2 bg-warn-soft px-4 py-2 text-13"
    >
      <WifiOff className="icon text-warn" aria-hidden />
      <span>{online ? t.connection.reconnecting : t.connection.offline}</span>
    </div>
  );
}

function subscribe(listener: () => void): () => void {
  addEventListener("online", listener);
  addEventListener("offline", listener);
  return () => {
    removeEventListener("online", listener);
    removeEventListener("offline", listener);
  };
}
