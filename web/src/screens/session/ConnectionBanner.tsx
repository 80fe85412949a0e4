import { WifiOff } from "lucide-react";

import type { ApiProblem } from "../../api/problems";
import { t } from "../../lib/strings";

interface Props {
  lost: boolean;
  problem: ApiProblem | null;
}

/** Says that the connection is lost and comes back by itself, or why it does not. */
export function ConnectionBanner({ lost, problem }: Props) {
  if (problem) {
    const words =
      problem.status === 404 ? t.connection.gone : t.connection.broken(problem.message);
    return <Bar role="alert">{words}</Bar>;
  }
  // A row of the grid stands here in any case.
  if (!lost) return <div />;
  return (
    <Bar role="status">{navigator.onLine ? t.connection.reconnecting : t.connection.offline}</Bar>
  );
}

function Bar({ role, children }: { role: "alert" | "status"; children: string }) {
  return (
    <div
      role={role}
      className="flex items-center justify-center gap-2 bg-warn-soft px-4 py-2 text-13"
    >
      <WifiOff className="icon text-warn" aria-hidden />
      <span>{children}</span>
    </div>
  );
}
