/** A list of choices under a text box that keeps the focus. */

import { type KeyboardEvent, useId, useState } from "react";

interface Options<Item> {
  items: Item[];
  open: boolean;
  isDisabled: (item: Item) => boolean;
  onChoose: (item: Item) => void;
  onClose: () => void;
}

/** State and attributes of the box and its list; `onKeyDown` says whether it used the key. */
export function useListBox<Item>(options: Options<Item>) {
  const { items, open, isDisabled, onChoose, onClose } = options;
  const id = useId();
  const [wanted, setWanted] = useState(0);
  const enabled = items.flatMap((item, index) => (isDisabled(item) ? [] : [index]));
  const active = enabled.includes(wanted) ? wanted : (enabled[0] ?? -1);

  function move(by: number) {
    const at = enabled.indexOf(active);
    setWanted(enabled[(at + by + enabled.length) % enabled.length] ?? 0);
  }

  function onKeyDown(event: KeyboardEvent): boolean {
    if (!open || enabled.length === 0) {
      if (!open || event.key !== "Escape") return false;
    }
    const item = items[active];
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Escape") onClose();
    else if ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab") {
      if (item === undefined) return false;
      setWanted(0);
      onChoose(item);
    } else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  return {
    active,
    onKeyDown,
    boxProps: {
      "aria-autocomplete": "list" as const,
      "aria-controls": open ? id : undefined,
      "aria-activedescendant": open && active >= 0 ? `${id}-${active}` : undefined,
    },
    listProps: { id, role: "listbox" as const },
    optionProps: (index: number) => ({
      id: `${id}-${index}`,
      role: "option" as const,
      "aria-selected": index === active,
      "aria-disabled": isDisabled(items[index] as Item) || undefined,
    }),
  };
}
