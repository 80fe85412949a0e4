import { type ReactNode, Suspense, useEffect, useMemo, useState } from "react";
import { useLocation } from "wouter";

import { t } from "../lib/strings";
import { ShellContext } from "../parts/shell";
import { Sheet } from "../ui/Dialog";

import { ErrorBoundary } from "./ErrorBoundary";
import { Loading } from "./Plain";
import { Sidebar } from "./Sidebar";
import { Toaster } from "./Toaster";

/** The sidebar beside a screen; on a phone it comes in over it. */
export function Shell({ children }: { children: ReactNode }) {
  const [location] = useLocation();
  const [open, setOpen] = useState(false);
  const [openAt, setOpenAt] = useState(location);
  if (openAt !== location) {
    setOpenAt(location);
    setOpen(false);
  }
  const shell = useMemo(() => ({ openSidebar: () => setOpen(true) }), []);
  useEffect(() => {
    const wide = matchMedia("(min-width: 768px)");
    const close = () => setOpen(false);
    wide.addEventListener("change", close);
    return () => wide.removeEventListener("change", close);
  }, []);
  return (
    <ShellContext value={shell}>
      <a href="#main" className="skip">
        {t.shell.skip}
      </a>
      <div className="grid h-full grid-cols-[var(--side)_minmax(0,1fr)] grid-rows-[minmax(0,1fr)] phone:grid-cols-[minmax(0,1fr)]">
        <aside className="min-h-0 border-r border-line bg-canvas phone:hidden">
          <Sidebar />
        </aside>
        <ErrorBoundary key={location}>
          <Suspense fallback={<Loading />}>{children}</Suspense>
        </ErrorBoundary>
      </div>
      <Sheet open={open} onOpenChange={setOpen} title={t.shell.nav}>
        <Sidebar />
      </Sheet>
      <Toaster />
    </ShellContext>
  );
}
