import { useEffect } from "react";

import { t } from "../lib/strings";

/** Name the window after what is shown. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · ${t.product}`;
  }, [title]);
}
