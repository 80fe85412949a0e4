import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ApiProblem } from "../../api/problems";
import { keys } from "../../api/queries";
import { revokeKey } from "../../api/setup";
import type { ApiKey } from "../../api/types";
import { moment } from "../../lib/format";
import { settings } from "../../lib/strings.settings";
import { Notice } from "../../parts/Notice";
import { showToast } from "../../parts/toasts";
import { Ask } from "../../ui/Ask";

import { NewKey } from "./NewKey";

const words = settings.keys;

/** API keys: made, shown once, revoked. */
export function Keys() {
  const client = useQueryClient();
  const list = useQuery(keys);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const revoke = useMutation({
    mutationFn: (key: ApiKey) => revokeKey(key.id),
    onSuccess: (_, key) => {
      setRevoking(null);
      showToast({ words: words.revoked(key.name) });
      return client.invalidateQueries({ queryKey: keys.queryKey });
    },
  });
  const forbidden = list.error instanceof ApiProblem && list.error.status === 403;
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
      <p className="text-13 text-fg-2">{words.lead}</p>
      {list.error && (
        <Notice role="alert">{forbidden ? words.forbidden : list.error.message}</Notice>
      )}
      {!forbidden && <NewKey />}
      {list.isPending && <p role="status">{settings.loading}</p>}
      {list.data?.length === 0 && <p className="text-13 text-fg-3">{words.none}</p>}
      {list.data !== undefined && list.data.length > 0 && (
        <div className="provider overflow-x-auto" tabIndex={0} role="group" aria-label={settings.parts.keys}>
          <table className="facts">
            <thead>
              <tr>
                <th scope="col">{words.columns.name}</th>
                <th scope="col" className="text-left">{words.columns.may}</th>
                <th scope="col" className="text-left">{words.columns.key}</th>
                <th scope="col" className="text-left phone:hidden">
                  {words.columns.made}
                </th>
                <td />
              </tr>
            </thead>
            <tbody>
              {list.data.map((key) => (
                <tr key={key.id}>
                  <th scope="row">{key.name}</th>
                  <td className="text-left">
                    {key.scopes.map((scope) => words.scopes[scope].name).join(", ")}
                  </td>
                  <td className="text-left font-mono">…{key.last4}</td>
                  <td className="text-left phone:hidden">{moment(key.created_at)}</td>
                  <td>
                    <button
                      type="button"
                      className="btn btn-s btn-bad"
                      aria-label={words.revokeOf(key.name)}
                      onClick={() => setRevoking(key)}
                    >
                      {words.revoke}
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {revoking && (
        <Ask
          title={words.revokeOf(revoking.name)}
          error={revoke.error}
          busy={revoke.isPending}
          yes={words.revoke}
          no={words.cancel}
          onYes={() => revoke.mutate(revoking)}
          onClose={() => setRevoking(null)}
        >
          {words.revokeAsk(revoking.name)}
        </Ask>
      )}
    </div>
  );
}
