import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";

import { models } from "../api/queries";
import type { Model } from "../api/types";
import { windowSize } from "../lib/format";
import { agent as words } from "../lib/strings.room";
import { useListBox } from "../ui/useListBox";

import { modelFacts, pricesOf } from "./modelFacts";

interface Props {
  label: string;
  value: string;
  onChange: (model: string) => void;
  fault?: string | undefined;
}

const MOST = 60;

/** A model by its name: chosen from those that are known, or written where any is taken. */
export function ModelPicker({ label, value, onChange, fault }: Props) {
  const known = useQuery(models).data ?? [];
  const [typed, setTyped] = useState<string | null>(null);
  const [open, setOpen] = useState(false);
  const help = useId();
  const wanted = (typed ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const found = known
    .filter((model) => wanted.every((word) => model.id.toLowerCase().includes(word)))
    .sort((a, b) => Number(b.available) - Number(a.available))
    .slice(0, MOST);
  const list = useListBox<Model>({
    items: found,
    open,
    isDisabled: (model) => !model.available,
    onChoose: choose,
    onClose: () => setOpen(false),
  });
  const chosen = known.find((model) => model.id === value);

  function choose(model: Model) {
    setTyped(null);
    setOpen(false);
    onChange(model.id);
  }
  function close() {
    // What was written and is on no list may still be a model of a provider that takes any.
    if (typed !== null && typed.trim() !== "") onChange(typed.trim());
    setTyped(null);
    setOpen(false);
  }

  return (
    <div className="field relative">
      <label>
        <span className="legend">{label}</span>
        <input
          // An input of its own, not one of the composer: here the role fits.
          {...{ role: "combobox", "aria-expanded": open, "aria-haspopup": "listbox" }}
          {...list.boxProps}
          aria-describedby={help}
          aria-invalid={fault ? true : undefined}
          className="box"
          autoComplete="off"
          spellCheck={false}
          value={typed ?? value}
          onFocus={(event) => event.target.select()}
          onClick={() => setOpen(true)}
          onChange={(event) => {
            setTyped(event.target.value);
            setOpen(true);
          }}
          onBlur={close}
          onKeyDown={(event) => {
            if (event.nativeEvent.isComposing) return;
            if (!open && event.key === "ArrowDown") {
              setOpen(true);
              event.preventDefault();
            } else if (event.key !== "Tab") list.onKeyDown(event);
          }}
        />
      </label>
      {open && (
        <ul {...list.listProps} aria-label={label} className="pop absolute top-full right-0 left-0 mt-1 max-w-none">
          {found.map((model, index) => (
            // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions -- the text box keeps the focus and handles the keys
            <li
              key={model.id}
              {...list.optionProps(index)}
              className="pop-item flex-wrap gap-y-0"
              title={model.available ? undefined : (model.reason ?? undefined)}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => model.available && choose(model)}
            >
              <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">{model.id}</span>
              <span className="num text-12 text-fg-3">
                {model.available
                  ? `${windowSize(model.context_window)}, ${pricesOf(model.prices)}`
                  : (model.reason ?? words.unavailable)}
              </span>
            </li>
          ))}
          {found.length === 0 && <li className="px-2 py-1.5 text-12 text-fg-3">{words.modelNone}</li>}
        </ul>
      )}
      <p id={help} className={`num text-12 ${fault || chosen?.available === false ? "text-bad" : "text-fg-3"}`}>
        {fault ??
          (chosen
            ? chosen.available
              ? modelFacts(chosen)
              : `${words.unavailable}: ${chosen.reason ?? ""}`
            : value !== "" && known.length > 0
              ? words.anyModel
              : "")}
      </p>
    </div>
  );
}
