import { lazy, type ReactNode, Suspense, useEffect, useMemo, useState } from "react";
import { useLocation } from "wouter";

import { read, write } from "../lib/storage";
import { t } from "../lib/strings";
import { ShellContext } from "../parts/shell";
import { useNewSession } from "../parts/useNewSession";
import { Sheet } from "../ui/Dialog";

import { ErrorBoundary } from "./ErrorBoundary";
import { Palette } from "./Palette";
import { Loading } from "./Plain";
import { Sidebar } from "./Sidebar";
import { Toaster } from "./Toaster";
import { useHere } from "./useHere";
import { useShortcuts } from "./useShortcuts";

const HelpSheet = lazy(() => import("./HelpSheet"));

/** The sidebar beside a screen; on a phone it comes in over it. Over both, palette and help. */
export function Shell({ children }: { children: ReactNode }) {
  const [location, navigate] = useLocation();
  const [open, setOpen] = useState(false);
  const [openAt, setOpenAt] = useState(location);
  const [hidden, setHidden] = useState(() => read<boolean>("sidebar-hidden") ?? false);
  const [over, setOver] = useState<"palette" | "help" | null>(null);
  const add = useNewSession();
  const here = useHere();
  if (openAt !== location) {
    setOpenAt(location);
    setOpen(false);
  }
  useEffect(() => write("sidebar-hidden", hidden || null), [hidden]);
  useEffect(() => {
    const wide = matchMedia("(min-width: 768px)");
    const close = () => setOpen(false);
    wide.addEventListener("change", close);
    return () => wide.removeEventListener("change", close);
  }, []);
  const shell = useMemo(
    () => ({
      openSidebar: () => (isPhone() ? setOpen(true) : setHidden(false)),
      openPalette: () => setOver("palette"),
      openHelp: () => setOver("help"),
    }),
    [],
  );
  useShortcuts({
    palette: () => setOver((now) => (now === "palette" ? null : "palette")),
    help: () => setOver((now) => (now === "help" ? null : "help")),
    sidebar: () => (isPhone() ? setOpen(!open) : setHidden(!hidden)),
    newSession: () => (here ? add.mutate(here) : navigate("/welcome")),
  });
  return (
    <ShellContext value={shell}>
      <a href="#main" className="skip">
        {t.shell.skip}
      </a>
      <div className={`shell ${hidden ? "shell-wide" : ""}`}>
        <aside aria-label={t.shell.sidebar} className="shell-side">
          <Sidebar />
        </aside>
        <ErrorBoundary key={location}>
          <Suspense fallback={<Loading />}>{children}</Suspense>
        </ErrorBoundary>
      </div>
      <Sheet open={open} onOpenChange={setOpen} title={t.shell.nav}>
        <Sidebar />
      </Sheet>
      {/* Not lazy: its box is there for the first letter that is typed after Ctrl and K. */}
      {over === "palette" && <Palette onClose={() => setOver(null)} />}
      <Suspense>{over === "help" && <HelpSheet onClose={() => setOver(null)} />}</Suspense>
      <Toaster />
    </ShellContext>
  );
}

const isPhone = () => matchMedia("(max-width: 767px)").matches;
