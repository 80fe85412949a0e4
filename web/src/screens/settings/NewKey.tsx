import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import { keys } from "../../api/queries";
import { createKey } from "../../api/setup";
import type { NewKey as Body } from "../../api/types";
import { settings } from "../../lib/strings.settings";
import { CopyButton } from "../../ui/CopyButton";

const words = settings.keys;
const SCOPES = ["read", "write", "admin"] as const;

/** A key that is being made; then the key itself, this once. */
export function NewKey() {
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<Body["scopes"]>(["read", "write"]);
  const [tried, setTried] = useState(false);
  const create = useMutation({
    // A repeat with the same key would show the made one's row, not the key: each try is its own.
    mutationFn: () => createKey({ name: name.trim(), scopes }, crypto.randomUUID()),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.queryKey }),
  });
  const done = () => {
    create.reset();
    setOpen(false);
    setName("");
    setTried(false);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (name.trim() !== "" && scopes.length > 0) create.mutate();
  };
  if (!open)
    return (
      <button type="button" className="btn btn-ink justify-self-start" onClick={() => setOpen(true)}>
        {words.new}
      </button>
    );
  const token = create.data?.token;
  if (token)
    return (
      <div className="provider grid gap-3 p-4" role="status">
        <p className="text-13">{words.once}</p>
        <div className="flex items-center gap-2 rounded-m bg-sunken py-1 pr-1 pl-3">
          <code className="min-w-0 flex-1 font-mono text-13 [overflow-wrap:anywhere]">{token}</code>
          <CopyButton text={() => token} label={words.copy} />
        </div>
        <button type="button" className="btn justify-self-start" onClick={done}>
          {words.copied}
        </button>
      </div>
    );
  return (
    <form className="provider grid gap-4 p-4" onSubmit={submit} noValidate>
      <label className="field">
        <span>{words.name}</span>
        <input
          className="box"
          value={name}
          maxLength={100}
          placeholder={words.namePlaceholder}
          aria-invalid={(tried && name.trim() === "") || undefined}
          onChange={(event) => setName(event.target.value)}
        />
        {tried && name.trim() === "" && (
          <small className="text-12 text-bad">{words.nameRequired}</small>
        )}
      </label>
      <fieldset className="field">
        <legend className="legend">{words.may}</legend>
        <div className="opts">
          {SCOPES.map((scope) => (
            <div key={scope} className="opt">
              <label>
                <input
                  type="checkbox"
                  checked={scopes.includes(scope)}
                  onChange={(event) =>
                    setScopes(
                      SCOPES.filter((other) =>
                        other === scope ? event.target.checked : scopes.includes(other),
                      ),
                    )
                  }
                />
                <span>
                  {words.scopes[scope].name}
                  <small>{words.scopes[scope].about}</small>
                </span>
              </label>
            </div>
          ))}
        </div>
        {tried && scopes.length === 0 && (
          <small className="text-12 text-bad">{words.scopeRequired}</small>
        )}
      </fieldset>
      {create.error && (
        <p role="alert" className="text-13 text-bad">
          {create.error.message}
        </p>
      )}
      <div className="flex gap-2">
        <button type="submit" className="btn btn-ink" disabled={create.isPending}>
          {words.create}
        </button>
        <button type="button" className="btn" onClick={done}>
          {words.cancel}
        </button>
      </div>
    </form>
  );
}
