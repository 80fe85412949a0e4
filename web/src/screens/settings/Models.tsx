import { useQuery } from "@tanstack/react-query";
import { RefreshCw } from "lucide-react";
import { useState } from "react";

import { models, providers } from "../../api/queries";
import { settings as words } from "../../lib/strings.settings";
import { Notice } from "../../parts/Notice";

import { ProviderCard } from "./ProviderCard";

/** A list of more models than this can be searched. */
const MANY = 12;

/** Every provider with its key and its models. */
export function Models() {
  const providerList = useQuery(providers);
  const modelList = useQuery(models);
  const [sought, setSought] = useState("");
  const problem = providerList.error ?? modelList.error;
  const all = modelList.data ?? [];
  const parts = sought.toLowerCase().split(/\s+/).filter(Boolean);
  const found = all.filter((model) => parts.every((part) => model.id.toLowerCase().includes(part)));
  const refresh = () => {
    void providerList.refetch();
    void modelList.refetch();
  };
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
      <div className="flex flex-wrap items-center gap-3">
        <p className="min-w-0 flex-1 basis-72 text-13 text-fg-2">{words.models.lead}</p>
        {all.length > MANY && (
          <input
            type="search"
            className="box w-56"
            aria-label={words.models.filter}
            placeholder={words.models.filter}
            value={sought}
            onChange={(event) => setSought(event.target.value)}
          />
        )}
        <button type="button" className="btn" disabled={modelList.isFetching} onClick={refresh}>
          <RefreshCw className="icon icon-s" aria-hidden />
          {words.models.refresh}
        </button>
      </div>
      {problem && <Notice role="alert">{problem.message}</Notice>}
      {providerList.isPending && <p role="status">{words.loading}</p>}
      {providerList.data?.length === 0 && <p>{words.models.none}</p>}
      {providerList.data?.map((provider) => {
        const own = found.filter((model) => model.id.startsWith(`${provider.name}/`));
        // While something is sought, a provider without it is not in the way.
        if (parts.length > 0 && own.length === 0) return null;
        return <ProviderCard key={provider.name} provider={provider} models={own} />;
      })}
      {parts.length > 0 && found.length === 0 && <p role="status">{words.models.nothing}</p>}
      <p className="text-12 text-fg-3">{words.models.perMillion}</p>
    </div>
  );
}
