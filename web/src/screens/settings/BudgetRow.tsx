import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import { changeBudget, createBudget, refreshMoney, removeBudget } from "../../api/money";
import type { Budget } from "../../api/types";
import { creditsOf } from "../../lib/format";
import { money } from "../../lib/strings.money";
import { creditsText } from "../../parts/Credits";
import { CreditsField, isAmount } from "../../parts/CreditsField";
import { SpentBar } from "../../parts/SpentBar";
import { showToast } from "../../parts/toasts";
import { useScopeName } from "../../parts/useMoney";

const words = money.budgets;

/** A budget: whose, what is spent and reserved of it; its limit can be changed in place. */
export function BudgetRow({ budget, mayChange }: { budget: Budget; mayChange: boolean }) {
  const client = useQueryClient();
  const name = money.of[budget.period](useScopeName()(budget));
  const [editing, setEditing] = useState(false);
  const remove = useMutation({
    mutationFn: () => removeBudget(budget),
    onSuccess: () => {
      void refreshMoney(client);
      showToast({
        words: words.removed,
        action: {
          label: words.undo,
          run: async () => {
            const { scope, scope_id, period, limit } = budget;
            await createBudget({ scope, scope_id, period, limit }, crypto.randomUUID());
            await refreshMoney(client);
          },
        },
      });
    },
    onError: (error) => showToast({ words: error.message, bad: true }),
  });
  return (
    <li className="grid gap-2 px-4 py-3 text-13">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <span className="min-w-0 flex-1 basis-56 font-strong">{name}</span>
        <span className="num text-fg-2">
          {budget.spent === null
            ? creditsText(budget.limit)
            : money.panel.spent(creditsOf(budget.spent), creditsText(budget.limit))}
        </span>
        {mayChange && !editing && (
          <span className="flex gap-2">
            <button
              type="button"
              className="btn btn-s"
              aria-label={words.editOf(name)}
              onClick={() => setEditing(true)}
            >
              {words.edit}
            </button>
            <button
              type="button"
              className="btn btn-s btn-bad"
              aria-label={words.removeOf(name)}
              disabled={remove.isPending}
              onClick={() => remove.mutate()}
            >
              {words.remove}
            </button>
          </span>
        )}
      </div>
      {budget.spent !== null && (
        <>
          <SpentBar spent={budget.spent} reserved={budget.reserved ?? "0"} limit={budget.limit} />
          <p className="num flex flex-wrap gap-x-4 text-12 text-fg-3">
            <span>{words.reserved(creditsOf(budget.reserved ?? "0"))}</span>
            <span>{words.free(creditsOf(budget.free ?? "0"))}</span>
          </p>
        </>
      )}
      {editing && <Edit budget={budget} onDone={() => setEditing(false)} />}
    </li>
  );
}

function Edit({ budget, onDone }: { budget: Budget; onDone: () => void }) {
  const client = useQueryClient();
  const [limit, setLimit] = useState(budget.limit.replace(/\.?0+$/, ""));
  const change = useMutation({
    mutationFn: () => changeBudget(budget, limit.trim()),
    onSuccess: async () => {
      await refreshMoney(client);
      onDone();
    },
    // Somebody was faster: what stands now is shown, and what was written stays.
    onError: () => refreshMoney(client),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isAmount(limit)) change.mutate();
  };
  return (
    <form className="flex flex-wrap items-end gap-2" onSubmit={submit} noValidate>
      <CreditsField label={words.limit} value={limit} onChange={setLimit} focused />
      <button
        type="submit"
        className="btn btn-ink"
        disabled={change.isPending || !isAmount(limit)}
      >
        {words.save}
      </button>
      <button type="button" className="btn" onClick={onDone}>
        {words.cancel}
      </button>
      {change.error && (
        <p role="alert" className="w-full text-13 text-bad">
          {change.error.message}
        </p>
      )}
    </form>
  );
}
