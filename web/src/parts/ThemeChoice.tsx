import { Monitor, Moon, Sun } from "lucide-react";
import { useState } from "react";

import { t } from "../lib/strings";
import { chooseTheme, chosenTheme, type Theme } from "../lib/theme";
import { Segmented } from "../ui/Segmented";

const ICONS = { system: Monitor, light: Sun, dark: Moon };
const THEMES: Theme[] = ["system", "light", "dark"];

/** Light, dark, or as the system is. `strong`: its label is one of several on a screen. */
export function ThemeChoice({ strong = false }: { strong?: boolean }) {
  const [theme, setTheme] = useState(chosenTheme);
  return (
    <div className="flex items-center justify-between">
      <span className={strong ? "text-13 font-medium" : "text-fg-3"}>{t.shell.theme}</span>
      <Segmented
        className="seg-icons"
        label={t.shell.theme}
        value={theme}
        onChange={(picked) => {
          chooseTheme(picked);
          setTheme(picked);
        }}
        segments={THEMES.map((value) => {
          const Icon = ICONS[value];
          return {
            value,
            label: t.shell.themes[value],
            icon: <Icon className="icon icon-s" aria-hidden />,
          };
        })}
      />
    </div>
  );
}
