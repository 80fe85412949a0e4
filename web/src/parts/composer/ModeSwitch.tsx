import { AtSign, ChevronDown, MessageSquare, Network } from "lucide-react";
import type { ReactNode } from "react";

import type { Mode } from "../../api/types";
import { t } from "../../lib/strings";
import { Menu, MenuItem } from "../../ui/Menu";
import { Segmented } from "../../ui/Segmented";
import { RoundTableIcon } from "../icons";

interface Props {
  modes: Mode[];
  mode: Mode;
  onMode: (mode: Mode) => void;
}

const ICONS: Record<Mode, ReactNode> = {
  direct: <MessageSquare className="icon" aria-hidden />,
  manual: <AtSign className="icon" aria-hidden />,
  roundtable: <RoundTableIcon />,
  orchestrator: <Network className="icon" aria-hidden />,
};

/** How the room answers the next message. */
export function ModeSwitch({ modes, mode, onMode }: Props) {
  return (
    <>
      <Segmented
        className="phone:hidden"
        label={t.composer.mode}
        value={mode}
        onChange={onMode}
        segments={modes.map((value) => ({
          value,
          label: t.modes[value].name,
          icon: ICONS[value],
        }))}
      />
      <span className="desk:hidden">
        <Menu
          side="top"
          trigger={
            <button
              type="button"
              className="btn border-transparent bg-sunken"
              aria-label={`${t.composer.mode}: ${t.modes[mode].name}`}
            >
              {ICONS[mode]}
              {t.modes[mode].name}
              <ChevronDown className="icon icon-s" aria-hidden />
            </button>
          }
        >
          {modes.map((value) => (
            <MenuItem key={value} onSelect={() => onMode(value)}>
              {ICONS[value]}
              <span>
                <span className="block font-medium">{t.modes[value].name}</span>
                <span className="block text-12 text-fg-3">{t.modes[value].about}</span>
              </span>
            </MenuItem>
          ))}
        </Menu>
      </span>
    </>
  );
}
