import { WifiOff } from "lucide-react";

import { t } from "../../lib/strings";

/** Says that the connection is lost and comes back by itself. */
export function ConnectionBanner({ lost }: { lost: boolean }) {
  // A row of the grid stands here in any case.
  if (!lost) return <div />;
  return (
    <div
      role="status"
      className="flex items-center justify-center gap-2 bg-warn-soft px-4 py-2 text-13"
    >
      <WifiOff className="icon text-warn" aria-hidden />
      <span>{navigator.onLine ? t.connection.reconnecting : t.connection.offline}</span>
    </div>
  );
}
