import { useState } from "react";

import { read, write } from "../../lib/storage";
import type { View } from "../../parts/TurnCard";

/** How answers are shown, in every session of this browser. */
export function useView(): [View, (view: View) => void] {
  const [view, setView] = useState<View>(() => read<View>("view") ?? "timeline");
  return [
    view,
    (picked) => {
      write("view", picked === "timeline" ? null : picked);
      setView(picked);
    },
  ];
}

/** Whether the table panel is shown: columns have the space to themselves, unless it is asked for. */
export function usePanel(view: View): [boolean, (shown: boolean) => void] {
  const [shown, setShown] = useState(() => ({
    timeline: read<boolean>("panel") ?? true,
    columns: read<boolean>("panel.columns") ?? false,
  }));
  return [
    shown[view],
    (next) => {
      write(view === "timeline" ? "panel" : "panel.columns", next);
      setShown((old) => ({ ...old, [view]: next }));
    },
  ];
}
