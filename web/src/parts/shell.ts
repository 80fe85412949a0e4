/** What the shell lends to the screens inside it. */

import { createContext, useContext } from "react";

export interface Shell {
  openSidebar: () => void;
}

export const ShellContext = createContext<Shell>({ openSidebar: () => undefined });

export const useShell = (): Shell => useContext(ShellContext);
