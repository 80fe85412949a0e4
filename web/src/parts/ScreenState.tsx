import { Link } from "wouter";

import { t } from "../lib/strings";

import { ScreenHead } from "./ScreenHead";

interface Props {
  title: string;
  /** What is the matter, where nothing went wrong. */
  words?: string;
  problem?: Error;
  /** The button's word, if not "Try again". */
  retry?: string;
  onRetry?: () => void;
}

/** A screen that has nothing to show yet, or cannot. */
export function ScreenState({ title, words, problem, retry = t.shell.retry, onRetry }: Props) {
  return (
    <main
      id="main"
      tabIndex={-1}
      className="grid min-h-0 min-w-0 grid-rows-[var(--bar)_minmax(0,1fr)] bg-surface outline-none"
    >
      <ScreenHead title={title} />
      <div
        role={problem ? "alert" : "status"}
        className="grid content-center justify-items-center gap-3 p-6 text-center"
      >
        <p className="max-w-[440px] text-fg-2">
          {problem ? t.shell.loadFailed(problem.message) : words}
        </p>
        {onRetry && (
          <span className="flex gap-2">
            <Link href="/" className="btn">
              {t.shell.home}
            </Link>
            <button type="button" className="btn btn-ink" onClick={onRetry}>
              {retry}
            </button>
          </span>
        )}
      </div>
    </main>
  );
}
