import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import { createBudget, refreshMoney } from "../../api/money";
import { agents, info, rooms, sessions } from "../../api/queries";
import type { NewBudget as Body } from "../../api/types";
import { t } from "../../lib/strings";
import { money } from "../../lib/strings.money";
import { CreditsField, isAmount } from "../../parts/CreditsField";

const words = money.budgets;
const SCOPES = ["workspace", "user", "room", "agent", "session"] as const;
const PERIODS = ["turn", "day", "month"] as const;
type Scope = (typeof SCOPES)[number];

/** A budget that is being set. */
export function NewBudget() {
  const [open, setOpen] = useState(false);
  if (open) return <Form onDone={() => setOpen(false)} />;
  return (
    <button type="button" className="btn btn-ink justify-self-start" onClick={() => setOpen(true)}>
      {words.new}
    </button>
  );
}

function Form({ onDone }: { onDone: () => void }) {
  const client = useQueryClient();
  const me = useQuery(info).data?.user.id;
  const things = {
    workspace: null,
    user: null,
    room: useQuery(rooms).data ?? [],
    agent: useQuery(agents).data ?? [],
    session: useQuery(sessions).data ?? [],
  };
  const [scope, setScope] = useState<Scope>("workspace");
  const [chosen, setChosen] = useState("");
  const [period, setPeriod] = useState<Body["period"]>("day");
  const [limit, setLimit] = useState("");
  const [key] = useState(() => crypto.randomUUID());
  const list: { id: string; name: string | null }[] | null = things[scope];
  const thing = list?.find((one) => one.id === chosen) ?? list?.[0];
  const ready = isAmount(limit) && (list === null || thing !== undefined);
  const create = useMutation({
    mutationFn: (body: Body) => createBudget(body, `${key}.${JSON.stringify(body)}`),
    onSuccess: async () => {
      await refreshMoney(client);
      onDone();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!ready) return;
    const id = scope === "user" ? me : thing?.id;
    create.mutate({ scope, ...(id && { scope_id: id }), period, limit: limit.trim() });
  };
  return (
    <form className="provider grid gap-4 p-4" onSubmit={submit} noValidate>
      <div className="grid grid-cols-[repeat(auto-fill,minmax(180px,1fr))] items-start gap-3">
        <Choice
          label={words.whose}
          value={scope}
          options={SCOPES.map((value) => [value, money.scopes[value]])}
          onChange={setScope}
        />
        {list && scope !== "workspace" && scope !== "user" && (
          <Choice
            label={words.which[scope]}
            value={thing?.id ?? ""}
            options={list.map((one) => [one.id, one.name ?? t.shell.untitled])}
            onChange={setChosen}
          />
        )}
        <Choice
          label={words.period}
          value={period}
          options={PERIODS.map((value) => [value, money.periods[value]])}
          onChange={setPeriod}
        />
        <CreditsField label={words.limit} value={limit} onChange={setLimit} />
      </div>
      {list?.length === 0 && scope !== "workspace" && scope !== "user" && (
        <p className="text-12 text-fg-3">{words.nothingThere[scope]}</p>
      )}
      {create.error && (
        <p role="alert" className="text-13 text-bad">
          {create.error.message}
        </p>
      )}
      <div className="flex gap-2">
        <button type="submit" className="btn btn-ink" disabled={!ready || create.isPending}>
          {words.create}
        </button>
        <button type="button" className="btn" onClick={onDone}>
          {words.cancel}
        </button>
      </div>
    </form>
  );
}

interface ChoiceProps<Value extends string> {
  label: string;
  value: Value;
  options: [Value, string][];
  onChange: (value: Value) => void;
}

function Choice<Value extends string>({ label, value, options, onChange }: ChoiceProps<Value>) {
  return (
    <label className="field">
      <span>{label}</span>
      <select
        className="box"
        value={value}
        onChange={(event) => onChange(event.target.value as Value)}
      >
        {options.map(([id, name]) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
