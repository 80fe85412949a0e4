/** What the shell lends to the screens inside it. */

import { createContext, useContext } from "react";

export interface Shell {
  openSidebar: () => void;
  openPalette: () => void;
  openHelp: () => void;
}

export const ShellContext = createContext<Shell>({
  openSidebar: () => undefined,
  openPalette: () => undefined,
  openHelp: () => undefined,
});

export const useShell = (): Shell => useContext(ShellContext);
