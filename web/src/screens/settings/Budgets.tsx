import { useQuery } from "@tanstack/react-query";

import { budgets, wallet } from "../../api/money";
import type { Wallet } from "../../api/types";
import { creditsOf } from "../../lib/format";
import { money } from "../../lib/strings.money";
import { settings } from "../../lib/strings.settings";
import { Notice } from "../../parts/Notice";
import { useMayChangeMoney } from "../../parts/useMoney";

import { BillingSwitch } from "./BillingSwitch";
import { BudgetRow } from "./BudgetRow";
import { NewBudget } from "./NewBudget";
import { Transactions } from "./Transactions";

const words = money.budgets;

/** What there is to spend, the budgets that limit it, and what has moved it. */
export function Budgets() {
  const purse = useQuery(wallet);
  const list = useQuery(budgets);
  const mayChange = useMayChangeMoney();
  const problem = purse.error ?? list.error;
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-5">
      <p className="text-13 text-fg-2">{words.lead}</p>
      {problem && <Notice role="alert">{problem.message}</Notice>}
      {purse.data && <Purse wallet={purse.data} mayChange={mayChange} />}
      {(purse.isPending || list.isPending) && <p role="status">{settings.loading}</p>}
      {list.data && (
        <section className="grid grid-cols-[minmax(0,1fr)] gap-3" aria-label={words.list}>
          <h2 className="text-14 font-semibold">{words.list}</h2>
          {mayChange ? <NewBudget /> : <p className="text-12 text-fg-3">{words.forbidden}</p>}
          {list.data.length === 0 ? (
            <p className="text-13 text-fg-3">{words.none}</p>
          ) : (
            <ul className="provider divide-y divide-line">
              {list.data.map((budget) => (
                <BudgetRow key={budget.id} budget={budget} mayChange={mayChange} />
              ))}
            </ul>
          )}
        </section>
      )}
      {purse.data && <Transactions all={mayChange} />}
    </div>
  );
}

/** The balance, what is reserved of it, and what is left, each apart. */
function Purse({ wallet, mayChange }: { wallet: Wallet; mayChange: boolean }) {
  const { balance, reserved, available, low_balance, enforcement } = wallet;
  const facts = [
    [money.wallet.balance, balance],
    [money.wallet.reserved, reserved],
    [money.wallet.available, available],
  ] as const;
  return (
    <section className="grid gap-3" aria-label={money.wallet.open}>
      <dl className="stats stats-3 num">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {creditsOf(value)}
              <small>{money.unit}</small>
            </dd>
          </div>
        ))}
      </dl>
      {low_balance && <p className="text-13 text-warn">{money.wallet.low}.</p>}
      {mayChange ? (
        <BillingSwitch mode={enforcement} />
      ) : (
        <p className="text-12 text-fg-3">{money.billing.modes[enforcement].about}</p>
      )}
    </section>
  );
}
