import { useState } from "react";

import type { Mode } from "../../api/types";
import { read, write } from "../../lib/storage";

/** The mode picked in a session; `null` leaves it to room and text. It outlives a reload. */
export function useChosenMode(sessionId: string): [Mode | null, (mode: Mode | null) => void] {
  const [mode, setMode] = useState(() => read<Mode>(`mode.${sessionId}`));
  return [
    mode,
    (picked) => {
      write(`mode.${sessionId}`, picked);
      setMode(picked);
    },
  ];
}
