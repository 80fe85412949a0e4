import type { ApiProblem } from "../../api/problems";
import { t } from "../../lib/strings";
import { Notice } from "../../parts/Notice";

interface Props {
  problem: ApiProblem;
  onDismiss: () => void;
}

/** Why something was refused. The draft is kept. */
export function SendProblem({ problem, onDismiss }: Props) {
  const words =
    problem.status === 0
      ? t.composer.unreachable
      : problem.code === "approval_closed"
        ? t.approval.closed
        : problem.message;
  return (
    <Notice role="alert" onDismiss={onDismiss}>
      {words}
    </Notice>
  );
}
