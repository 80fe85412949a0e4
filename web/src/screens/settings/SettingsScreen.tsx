import { useRef } from "react";
import { Link } from "wouter";

import { settings as words } from "../../lib/strings.settings";
import { ScreenHead } from "../../parts/ScreenHead";
import { useMoneyShown } from "../../parts/useMoney";
import { useTitle } from "../../parts/useTitle";
import { useInSight } from "../../ui/useInSight";

import { Budgets } from "./Budgets";
import { Keys } from "./Keys";
import { Models } from "./Models";
import { PageSettings } from "./PageSettings";

const PARTS = { models: Models, budgets: Budgets, keys: Keys, page: PageSettings };

export type SettingsPart = keyof typeof PARTS;

/** `/settings/…`: models and providers, API keys, and what holds in this browser. */
export default function SettingsScreen({ part }: { part: SettingsPart }) {
  const Part = PARTS[part];
  const withMoney = useMoneyShown();
  const tabs = useRef<HTMLElement>(null);
  const names = (Object.keys(PARTS) as SettingsPart[]).filter(
    (name) => withMoney || name !== "budgets" || name === part,
  );
  useTitle(words.parts[part]);
  useInSight(tabs, `${part} of ${names.length}`);
  return (
    <main id="main" tabIndex={-1} className="editor">
      <ScreenHead within={words.title} title={words.parts[part]} />
      <div className="editor-left">
        <div className="mx-auto grid max-w-[920px] grid-cols-[minmax(0,1fr)] gap-6">
          <nav ref={tabs} aria-label={words.sections} className="tabs">
            {names.map((name) => (
              <Link
                key={name}
                href={`/settings/${name}`}
                aria-current={name === part ? "page" : undefined}
              >
                {words.parts[name]}
              </Link>
            ))}
          </nav>
          <Part />
        </div>
      </div>
    </main>
  );
}
