import { useMutation, useQuery } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useEffect, useMemo, useState } from "react";

import { agents } from "../../api/queries";
import { callsTable, sums } from "../../api/usage";
import { t } from "../../lib/strings";
import { usage as words } from "../../lib/strings.usage";
import { ScreenHead } from "../../parts/ScreenHead";
import { Segmented } from "../../ui/Segmented";

import { CallLedger } from "./CallLedger";
import { DayChart } from "./DayChart";
import { GroupTables } from "./GroupTables";
import { Totals } from "./Totals";
import { daysBetween } from "./series";

const RANGES = ["7", "30", "90"] as const;
type Range = (typeof RANGES)[number];

/** What was asked of models, and what it cost: sums, days, groups, and every call. */
export default function UsageScreen() {
  const [range, setRange] = useState<Range>("30");
  const { from, days } = useMemo(() => since(Number(range)), [range]);
  const byDay = useQuery(sums(from, "day", "agent"));
  const agentList = useQuery(agents);
  const csv = useMutation({
    mutationFn: () => callsTable(from),
    onSuccess: (table) => download(table, words.csvFile(days[0] ?? "")),
  });
  useEffect(() => {
    document.title = `${words.title} · ${t.product}`;
  }, []);
  const problem = byDay.error ?? csv.error;
  return (
    <main
      id="main"
      tabIndex={-1}
      className="grid min-h-0 min-w-0 grid-cols-[minmax(0,1fr)] grid-rows-[var(--bar)_minmax(0,1fr)] bg-surface outline-none"
    >
      <ScreenHead title={words.title}>
        <Segmented
          label={words.range}
          className="phone:hidden"
          segments={RANGES.map((value) => ({
            value,
            label: words.days(Number(value)),
            icon: null,
          }))}
          value={range}
          onChange={setRange}
        />
        <button
          type="button"
          className="btn"
          disabled={csv.isPending}
          aria-label={csv.isPending ? words.csvBusy : words.csv}
          onClick={() => csv.mutate()}
        >
          <Download className="icon icon-s desk:hidden" aria-hidden />
          <span className="phone:hidden">{csv.isPending ? words.csvBusy : words.csv}</span>
        </button>
      </ScreenHead>
      {/* It scrolls: it must be reachable by keyboard. */}
      <div
        role="region"
        aria-label={words.title}
        tabIndex={0}
        className="relative overflow-y-auto px-8 py-6 -outline-offset-2 phone:p-4"
      >
        <div className="mx-auto grid max-w-[1080px] grid-cols-[minmax(0,1fr)] gap-6">
          <Segmented
            label={words.range}
            className="justify-self-start desk:hidden"
            segments={RANGES.map((value) => ({
              value,
              label: words.days(Number(value)),
              icon: null,
            }))}
            value={range}
            onChange={setRange}
          />
          {problem && (
            <p role="alert" className="text-13 text-bad">
              {words.failed(problem.message)}
            </p>
          )}
          {byDay.isPending && (
            <p role="status" className="text-13 text-fg-3">
              {words.loading}
            </p>
          )}
          {byDay.data?.items.length === 0 && <Nothing />}
          {byDay.data && byDay.data.items.length > 0 && (
            <>
              <Totals from={from} />
              <DayChart sums={byDay.data.items} days={days} agents={agentList.data ?? []} />
              <GroupTables from={from} agents={agentList.data ?? []} />
              <CallLedger from={from} agents={agentList.data ?? []} />
            </>
          )}
        </div>
      </div>
    </main>
  );
}

function Nothing() {
  return (
    <section className="grid gap-1 rounded-l border border-line p-8 text-center">
      <h2 className="font-semibold">{words.empty}</h2>
      <p className="text-13 text-fg-2">{words.emptyHelp}</p>
    </section>
  );
}

/** The midnight with which `days` days begin of which the last is today, and these days. */
function since(days: number): { from: string; days: string[] } {
  const now = new Date();
  const first = new Date(now.getFullYear(), now.getMonth(), now.getDate() - days + 1);
  return { from: first.toISOString(), days: daysBetween(first, now) };
}

function download(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
