import type { ReactNode } from "react";
import { Link } from "wouter";

import { t } from "../lib/strings";
import { Logo } from "../parts/icons";

/** A page with a few words in its middle. */
export function Plain({ children, role }: { children: ReactNode; role?: "alert" | "status" }) {
  return (
    <main
      id="main"
      tabIndex={-1}
      className="grid h-full content-center justify-items-center gap-3 bg-surface p-6 text-center outline-none"
    >
      <Logo className="size-8" />
      <div role={role} className="grid max-w-[440px] justify-items-center gap-3">
        {children}
      </div>
    </main>
  );
}

export function Loading() {
  return (
    <Plain role="status">
      <span className="vh">{t.session.loading}</span>
    </Plain>
  );
}

export function SignedOut() {
  return (
    <Plain>
      <h1 className="text-17 font-semibold">{t.login.signedOut}</h1>
      <p className="text-fg-2">{t.login.signedOutHelp}</p>
    </Plain>
  );
}

export function Unreachable({ error, onRetry }: { error: Error; onRetry: () => void }) {
  return (
    <Plain role="alert">
      <h1 className="text-17 font-semibold">{t.shell.loadFailed(error.message)}</h1>
      <button type="button" className="btn" onClick={onRetry}>
        {t.shell.retry}
      </button>
    </Plain>
  );
}

export function NotFound() {
  return (
    <Plain>
      <h1 className="text-17 font-semibold">{t.shell.notFound}</h1>
      <Link href="/" className="btn">
        {t.shell.home}
      </Link>
    </Plain>
  );
}
