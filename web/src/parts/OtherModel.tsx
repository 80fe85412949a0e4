import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";

import { models } from "../api/queries";
import { t } from "../lib/strings";
import { Menu, MenuItem } from "../ui/Menu";

interface Props {
  /** The model that answered, or was to. */
  model: string;
  onChoose: (model: string) => void;
  trigger: ReactElement;
}

/** The other models that can be asked now. */
export function OtherModel({ model, onChoose, trigger }: Props) {
  const list = useQuery(models);
  const others = (list.data ?? []).filter((other) => other.available && other.id !== model);
  return (
    <Menu align="end" trigger={trigger}>
      {others.map((other) => (
        <MenuItem key={other.id} onSelect={() => onChoose(other.id)}>
          <span className="cut">{other.id}</span>
        </MenuItem>
      ))}
      {others.length === 0 && <p className="px-2 py-1 text-12 text-fg-3">{t.step.noOtherModel}</p>}
    </Menu>
  );
}
