import { Compass, MessageSquareText, TextSearch } from "lucide-react";
import { Dialog } from "radix-ui";
import { useState } from "react";

import { palette as words } from "../lib/strings.palette";
import { Avatar, RoomDots } from "../parts/Avatar";
import { useListBox } from "../ui/useListBox";

import { type Choice, fitting } from "./choices";
import { useChoices } from "./useChoices";
import { useFound } from "./useFound";

interface Props {
  onClose: () => void;
}

/** Go to a session, a room, an agent, or do something, by writing a part of its name. */
export function Palette({ onClose }: Props) {
  const [text, setText] = useState("");
  const found = fitting([...useChoices(), ...useFound(text)], text);
  const choose = (choice: Choice) => {
    onClose();
    choice.run();
  };
  const list = useListBox<Choice>({
    items: found,
    open: true,
    isDisabled: () => false,
    onChoose: choose,
    onClose,
  });
  return (
    <Dialog.Root open onOpenChange={onClose}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-[rgb(0_0_0/.4)]" />
        <Dialog.Content aria-describedby={undefined} className="palette">
          <Dialog.Title className="vh">{words.title}</Dialog.Title>
          <div className="flex items-center gap-3 border-b border-line px-4">
            <TextSearch className="icon text-fg-3" aria-hidden />
            <input
              {...{ role: "combobox", "aria-expanded": true, "aria-haspopup": "listbox" }}
              {...list.boxProps}
              className="min-h-12 flex-1 bg-transparent text-15 outline-none"
              aria-label={words.title}
              placeholder={words.box}
              value={text}
              onChange={(event) => setText(event.target.value)}
              onKeyDown={(event) => {
                if (!event.nativeEvent.isComposing && event.key !== "Tab") list.onKeyDown(event);
              }}
            />
          </div>
          <ul {...list.listProps} aria-label={words.title} className="palette-list">
            {found.map((choice, index) => (
              <Row
                key={choice.id}
                choice={choice}
                first={choice.group !== found[index - 1]?.group}
                option={list.optionProps(index)}
                onChoose={() => choose(choice)}
              />
            ))}
          </ul>
          {found.length === 0 && (
            <p role="status" className="px-4 pb-4 text-13 text-fg-3">
              {words.none}
            </p>
          )}
          <p className="border-t border-line px-4 py-2 text-12 text-fg-3 phone:hidden">
            {words.move}
          </p>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface RowProps {
  choice: Choice;
  /** The first of its group: its heading stands above it. */
  first: boolean;
  option: ReturnType<ReturnType<typeof useListBox<Choice>>["optionProps"]>;
  onChoose: () => void;
}

function Row({ choice, first, option, onChoose }: RowProps) {
  return (
    <>
      {first && (
        <li role="presentation" className="pop-label">
          {words.groups[choice.group]}
        </li>
      )}
      {/* eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions -- the text box keeps the focus and handles the keys */}
      <li
        {...option}
        ref={(row) => {
          if (option["aria-selected"]) row?.scrollIntoView({ block: "nearest" });
        }}
        className="pop-item"
        onMouseDown={(event) => event.preventDefault()}
        onClick={onChoose}
      >
        <Icon choice={choice} />
        <span className="cut flex-1">{choice.name}</span>
        {choice.hint && <span className="cut text-12 text-fg-3">{choice.hint}</span>}
      </li>
    </>
  );
}

function Icon({ choice }: { choice: Choice }) {
  switch (choice.group) {
    case "rooms":
      return <RoomDots colors={choice.colors ?? []} />;
    case "agents":
      return <Avatar name={choice.agent ?? ""} color={choice.colors?.[0] ?? 0} size="s" />;
    case "sessions":
    case "messages":
      return <MessageSquareText className="icon mx-0.5 text-fg-3" aria-hidden />;
    case "actions":
      return <Compass className="icon mx-0.5 text-fg-3" aria-hidden />;
  }
}
