import type { ReactNode } from "react";

export interface BarRow {
  key: string;
  name: ReactNode;
  /** `data-c` of the bar; absent is grey. */
  color?: number | undefined;
  /** Of the longest bar, 0 to 1. */
  share: number;
  cells: ReactNode[];
}

interface Props {
  caption: string;
  /** The head of the names. */
  what: string;
  /** The head of the bars, for who cannot see them. */
  bar: string;
  /** The heads of the cells. */
  heads: string[];
  rows: BarRow[];
}

/** A table of which each row has a bar. */
export function BarTable({ caption, what, bar, heads, rows }: Props) {
  return (
    <table className="bar-table num">
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">{what}</th>
          <th scope="col" className="bar-cell">
            <span className="vh">{bar}</span>
          </th>
          {heads.map((head) => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.key}>
            <th scope="row">{row.name}</th>
            <td className="bar-cell" data-c={row.color}>
              <i style={{ width: `${row.share * 100}%` }} />
              <span className="vh">{Math.round(row.share * 100)} %</span>
            </td>
            {row.cells.map((cell, at) => (
              <td key={heads[at]}>{cell}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
