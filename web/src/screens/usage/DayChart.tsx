import { useMemo } from "react";

import type { UsageSum } from "../../api/usage";
import { count, dayLabel, large, usd } from "../../lib/format";
import { usage as words } from "../../lib/strings.usage";
import { StackedBars } from "../../ui/StackedBars";

import { axisOf, chartOf, type Named } from "./series";

interface Props {
  sums: UsageSum[];
  days: string[];
  agents: Named[];
}

/** Cost per day, stacked by agent; as a table on demand. */
export function DayChart({ sums, days, agents }: Props) {
  const chart = useMemo(() => chartOf(sums, days, agents), [sums, days, agents]);
  const title = chart.measure === "cost" ? words.costPerDay : words.tokensPerDay;
  const amount = (value: string | null) =>
    chart.measure === "cost" ? usd(value) : count(Number(value ?? 0));
  const tick = (value: number) =>
    chart.measure === "cost" ? `$${value.toFixed(places(chart.highest))}` : large(value);
  const told = chart.bars.filter((bar) => bar.height > 0);
  const [first, last] = [chart.bars[0]?.day ?? "", chart.bars.at(-1)?.day ?? ""];
  const most = chart.bars.reduce(
    (high, bar) => (bar.height > high.height ? bar : high),
    chart.bars[0] ?? { height: 0, total: null },
  );
  return (
    <section className="chart" aria-labelledby="usage-days">
      <div className="chart-head">
        <h2 id="usage-days">{title}</h2>
        <ul>
          {chart.series.map((series) => (
            <li key={series.key + series.name} data-c={series.color}>
              <i />
              {series.name}
            </li>
          ))}
        </ul>
      </div>
      <StackedBars
        label={words.chart(title, dayLabel(first), dayLabel(last), amount(most.total))}
        bars={chart.bars.map((bar) => ({
          label: dayLabel(bar.day),
          title: `${dayLabel(bar.day)}: ${bar.height > 0 ? amount(bar.total) : "–"}`,
          parts: bar.parts.map((part) => part.height),
        }))}
        colors={chart.series.map((series) => series.color)}
        ticks={axisOf(chart.highest)}
        tick={tick}
      />
      <details className="text-13">
        <summary className="text-12 text-fg-2">{words.asTable}</summary>
        {/* Many agents make it wider than a phone. */}
        <div className="wide pt-2" role="region" aria-label={title} tabIndex={0}>
          <table className="bar-table num">
            <thead>
              <tr>
                <th scope="col">{words.day}</th>
                {chart.series.map((series) => (
                  <th key={series.key + series.name} scope="col">
                    {series.name}
                  </th>
                ))}
                <th scope="col">{words.total}</th>
              </tr>
            </thead>
            <tbody>
              {told.map((bar) => (
                <tr key={bar.day}>
                  <th scope="row">{dayLabel(bar.day)}</th>
                  {bar.parts.map((part, at) => (
                    <td key={chart.series[at]?.name}>
                      {part.amount === null ? "" : amount(part.amount)}
                    </td>
                  ))}
                  <td>{amount(bar.total)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
}

/** Decimals with which the values of an axis up to `highest` dollars differ. */
function places(highest: number): number {
  return highest >= 0.08 ? 2 : highest >= 0.008 ? 3 : 4;
}
