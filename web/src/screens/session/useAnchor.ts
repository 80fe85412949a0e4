/** Going to the place in a session that the address names. */

import { useEffect, useEffectEvent } from "react";
import { useLocation } from "wouter";
import { useLocationProperty } from "wouter/use-browser-location";

import type { Timeline } from "../../api/timeline";
import { t } from "../../lib/strings";
import { showToast } from "../../parts/toasts";

/** Scroll to `#step-…` or `#turn-…` once it is on the page; older turns are asked for until then. */
export function useAnchor(
  timeline: Timeline | undefined,
  onOlder: () => void,
  onTry: (stepId: string) => void,
): void {
  const hash = useLocationProperty(() => window.location.hash);
  const [path, navigate] = useLocation();
  const turns = timeline?.turns.length;
  const older = timeline?.olderCursor;
  const go = useEffectEvent(() => {
    const done = () => navigate(path, { replace: true });
    const found = document.getElementById(hash.slice(1));
    // A turn's heading is hidden from sight: its turn is what is meant.
    const place = found?.closest<HTMLElement>("[data-card]") ?? found?.closest("section");
    if (place) {
      place.scrollIntoView({ block: "center" });
      if (place instanceof HTMLElement) place.focus({ preventScroll: true });
      done();
    } else if (older) onOlder();
    else {
      const stepId = /^#step-(.+)$/.exec(hash)?.[1];
      showToast({
        words: t.session.elsewhere,
        ...(stepId && { action: { label: t.session.showTry, run: () => onTry(stepId) } }),
      });
      done();
    }
  });
  // Looked for again when turns have come, not when the screen renders.
  useEffect(() => {
    if (hash !== "" && turns !== undefined) go();
  }, [hash, turns, older]);
}
