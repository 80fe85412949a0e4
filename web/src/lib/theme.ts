/** Light, dark, or as the system is. */

import { read, write } from "./storage";

export type Theme = "system" | "light" | "dark";

const dark = matchMedia("(prefers-color-scheme: dark)");

/** What the user chose. */
export function chosenTheme(): Theme {
  return read<Theme>("theme") ?? "system";
}

/** Show the page in `theme` and remember it. */
export function chooseTheme(theme: Theme): void {
  write("theme", theme === "system" ? null : theme);
  apply();
}

/** Set the page's theme now, and again whenever the system's changes. */
export function startTheme(): void {
  apply();
  dark.addEventListener("change", apply);
}

function apply(): void {
  const theme = chosenTheme();
  const shown = theme === "system" ? (dark.matches ? "dark" : "light") : theme;
  document.documentElement.dataset.theme = shown;
}
