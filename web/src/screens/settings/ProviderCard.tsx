import { Check, CircleAlert } from "lucide-react";
import { useId } from "react";

import type { Model, Provider } from "../../api/types";
import { count, isFree, windowSize } from "../../lib/format";
import { settings } from "../../lib/strings.settings";
import { price } from "../../parts/modelFacts";

import { ProviderKey } from "./ProviderKey";

const words = settings.models;

/** A provider: where its key comes from, why it is not available, and what its models cost. */
export function ProviderCard({ provider, models }: { provider: Provider; models: Model[] }) {
  const id = useId();
  const { available, has_key, last4, source, takes_key } = provider;
  const ready = models.filter((model) => model.available).length;
  return (
    <section aria-labelledby={id} className="provider">
      <header className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-3">
        <h2 id={id} className="text-14 font-semibold">
          {provider.name}
        </h2>
        <Availability ok={available} />
        {/* That there is no key is its reason below. */}
        {(has_key || available || !takes_key) && (
          <span className="num text-12 text-fg-3">
            {has_key && last4 ? words.key(last4, source) : words.from(source)}
          </span>
        )}
        <span className="flex-1" />
        {models.length > 0 && (
          <span className="num text-12 text-fg-3">{words.count(ready, models.length)}</span>
        )}
        {takes_key && <ProviderKey provider={provider} />}
      </header>
      {[provider.reason, provider.note, provider.any_model ? words.anyModel : null].map(
        (line) =>
          line && (
            <p key={line} className="px-4 pb-2 text-13 text-fg-2">
              {line}
            </p>
          ),
      )}
      {models.length > 0 && <ModelTable provider={provider} models={models} />}
    </section>
  );
}

function Availability({ ok }: { ok: boolean }) {
  const Icon = ok ? Check : CircleAlert;
  return (
    <span className={`st ${ok ? "st-ok" : "st-bad"}`}>
      <Icon className="icon icon-s" aria-hidden />
      {ok ? words.available : words.unavailable}
    </span>
  );
}

function ModelTable({ provider, models }: { provider: Provider; models: Model[] }) {
  return (
    // It scrolls sideways on a phone: it must be reachable by keyboard.
    <div className="max-h-[420px] overflow-auto" tabIndex={0} role="group" aria-label={provider.name}>
      <table className="facts">
        <thead>
          <tr>
            <th scope="col">{words.columns.model}</th>
            <th scope="col">
              {words.columns.window}
            </th>
            <th scope="col" className="phone:hidden">
              {words.columns.reply}
            </th>
            <th scope="col">
              {words.columns.input}
            </th>
            <th scope="col">
              {words.columns.output}
            </th>
          </tr>
        </thead>
        <tbody>
          {models.map((model) => (
            <tr key={model.id}>
              <th scope="row">
                <span className="[overflow-wrap:anywhere]">
                  {model.id.slice(provider.name.length + 1)}
                </span>
                {!model.available && model.reason !== provider.reason && (
                  <small className="block text-bad">{model.reason ?? words.unavailable}</small>
                )}
              </th>
              <td>{windowSize(model.context_window)}</td>
              <td className="phone:hidden">{count(model.max_output_tokens)}</td>
              <Price value={model.prices?.input} />
              <Price value={model.prices?.output} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Price({ value }: { value: string | undefined }) {
  if (value === undefined) return <td className="text-fg-3">{words.unpriced}</td>;
  return <td>{isFree(value) ? words.free : `$${price(value)}`}</td>;
}
