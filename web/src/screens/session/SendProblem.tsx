import { Link } from "wouter";

import type { ApiProblem, Lack } from "../../api/problems";
import { t } from "../../lib/strings";
import { money } from "../../lib/strings.money";
import { Credits } from "../../parts/Credits";
import { Notice } from "../../parts/Notice";
import { useScopeName } from "../../parts/useMoney";

interface Props {
  problem: ApiProblem;
  onDismiss: () => void;
}

/** Why something was refused. The draft is kept. */
export function SendProblem({ problem, onDismiss }: Props) {
  if (problem.lack) return <Lacking lack={problem.lack} onDismiss={onDismiss} />;
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

/** Whose credits do not suffice, and by how much. */
function Lacking({ lack, onDismiss }: { lack: Lack; onDismiss: () => void }) {
  const words = money.refused;
  const nameOf = useScopeName();
  const { budget } = lack;
  const facts = [
    [words.needed, lack.needed],
    [words.free, lack.free],
    [words.reserved, lack.reserved],
  ] as const;
  return (
    <Notice
      role="alert"
      onDismiss={onDismiss}
      actions={
        <Link href="/settings/budgets" className="btn btn-s">
          {words.budgets}
        </Link>
      }
    >
      <p>
        <strong className="font-semibold">
          {budget ? words.exceeded(budgetName(budget, nameOf)) : words.insufficient}
        </strong>{" "}
        {words.kept}
      </p>
      <dl className="flex flex-wrap gap-x-4 text-12">
        {facts.map(([name, value]) => (
          <div key={name} className="flex gap-1.5">
            <dt className="text-fg-2">{name}</dt>
            <dd>
              <Credits value={value} />
            </dd>
          </div>
        ))}
      </dl>
    </Notice>
  );
}

function budgetName(
  { scope, scope_id, period }: NonNullable<Lack["budget"]>,
  nameOf: ReturnType<typeof useScopeName>,
): string {
  if (scope === "turn") return money.of.turnAlone;
  return money.of[period](nameOf({ scope, ...(scope_id && { scope_id }) }));
}
