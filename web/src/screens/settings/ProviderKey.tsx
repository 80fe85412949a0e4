import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";

import { models, providers } from "../../api/queries";
import { removeProviderKey, setProviderKey } from "../../api/setup";
import type { Provider } from "../../api/types";
import { settings } from "../../lib/strings.settings";
import { showToast } from "../../parts/toasts";
import { Dialog } from "../../ui/Dialog";

const words = settings.models;

/** The source of a key that was entered here; only such a key can be removed here. */
const ENTERED = "entered in the page";

/** Enter a provider's key, or take it away. It is tried before it is kept, and never read back. */
export function ProviderKey({ provider }: { provider: Provider }) {
  const client = useQueryClient();
  const [asking, setAsking] = useState<"enter" | "remove" | null>(null);
  const [key, setKey] = useState("");
  const close = () => {
    setAsking(null);
    setKey("");
    enter.reset();
    remove.reset();
  };
  const refresh = () => {
    void client.invalidateQueries({ queryKey: providers.queryKey });
    void client.invalidateQueries({ queryKey: models.queryKey });
  };
  const enter = useMutation({
    mutationFn: () => setProviderKey(provider.name, key.trim()),
    onSuccess: ({ error }) => {
      close();
      refresh();
      showToast({
        words: error
          ? words.keyStoredUntested(provider.name, error.detail)
          : words.keyStored(provider.name),
      });
    },
  });
  const remove = useMutation({
    mutationFn: () => removeProviderKey(provider.name),
    onSuccess: () => {
      close();
      refresh();
      showToast({ words: words.keyRemoved(provider.name) });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (key.trim() !== "") enter.mutate();
  };
  const problem = enter.error ?? remove.error;
  return (
    <>
      <button type="button" className="btn btn-s" onClick={() => setAsking("enter")}>
        {provider.has_key ? words.replaceKey : words.addKey}
      </button>
      {provider.source === ENTERED && (
        <button type="button" className="btn btn-s btn-bad" onClick={() => setAsking("remove")}>
          {words.removeKey}
        </button>
      )}
      <Dialog
        open={asking !== null}
        onOpenChange={close}
        title={asking === "remove" ? words.removeKey : words.keyLabel(provider.name)}
      >
        {asking === "enter" ? (
          <form className="grid gap-4" onSubmit={submit}>
            <label className="field">
              <span>{words.keyLabel(provider.name)}</span>
              <input
                className="box font-mono"
                type="password"
                autoComplete="off"
                value={key}
                maxLength={500}
                onChange={(event) => setKey(event.target.value)}
              />
            </label>
            <p className="text-12 text-fg-3">{words.keyHelp}</p>
            <Foot problem={problem} onCancel={close}>
              <button
                type="submit"
                className="btn btn-ink"
                disabled={enter.isPending || key.trim() === ""}
              >
                {enter.isPending ? words.keyTesting : words.keySave}
              </button>
            </Foot>
          </form>
        ) : (
          <>
            <p>{words.removeAsk(provider.name)}</p>
            <Foot problem={problem} onCancel={close}>
              <button
                type="button"
                className="btn btn-ink"
                disabled={remove.isPending}
                onClick={() => remove.mutate()}
              >
                {words.removeKey}
              </button>
            </Foot>
          </>
        )}
      </Dialog>
    </>
  );
}

interface FootProps {
  problem: Error | null;
  onCancel: () => void;
  children: ReactNode;
}

function Foot({ problem, onCancel, children }: FootProps) {
  return (
    <>
      {problem && (
        <p role="alert" className="text-13 text-bad">
          {problem.message}
        </p>
      )}
      <div className="flex justify-end gap-2">
        <button type="button" className="btn" onClick={onCancel}>
          {settings.keys.cancel}
        </button>
        {children}
      </div>
    </>
  );
}
