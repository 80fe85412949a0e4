import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "wouter";

import { transactionPages } from "../../api/money";
import type { Transaction } from "../../api/types";
import { creditsOf, moment } from "../../lib/format";
import { money } from "../../lib/strings.money";
import { settings } from "../../lib/strings.settings";
import { Notice } from "../../parts/Notice";

const words = money.transactions;

/** What has moved the balance, the newest first; `all`: of everybody. */
export function Transactions({ all }: { all: boolean }) {
  const pages = useInfiniteQuery(transactionPages);
  const rows = pages.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="grid grid-cols-[minmax(0,1fr)] gap-3" aria-label={words.title}>
      <h2 className="text-14 font-semibold">{words.title}</h2>
      <p className="text-12 text-fg-3">
        {all ? words.ofAll : words.ofMine}{" "}
        <Link href="/usage" className="link">
          {words.usage}
        </Link>
      </p>
      {pages.error && <Notice role="alert">{pages.error.message}</Notice>}
      {pages.isPending && <p role="status">{settings.loading}</p>}
      {pages.data && rows.length === 0 && <p className="text-13 text-fg-3">{words.none}</p>}
      {rows.length > 0 && (
        <div
          className="provider overflow-x-auto"
          tabIndex={0}
          role="group"
          aria-label={words.title}
        >
          <table className="facts">
            <thead>
              <tr>
                <th scope="col">{words.columns.what}</th>
                <th scope="col">{words.columns.time}</th>
                <th scope="col">{words.columns.credits}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <Row key={row.id} row={row} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {pages.hasNextPage && (
        <button
          type="button"
          className="btn justify-self-start"
          disabled={pages.isFetchingNextPage}
          onClick={() => void pages.fetchNextPage()}
        >
          {words.more}
        </button>
      )}
    </section>
  );
}

function Row({ row }: { row: Transaction }) {
  const shown = creditsOf(row.credits);
  const added = shown !== "0" && !shown.startsWith("−");
  return (
    <tr>
      <th scope="row">
        {words.kinds[row.kind]}
        {row.reason && <small className="block text-12 text-fg-3">{row.reason}</small>}
      </th>
      <td className="text-fg-3">
        <time dateTime={row.created_at}>{moment(row.created_at)}</time>
      </td>
      <td>{added ? `+${shown}` : shown}</td>
    </tr>
  );
}
