import { type KeyboardEvent, type Ref, useImperativeHandle, useRef, useState } from "react";

import { tagBefore, typingTag } from "../../lib/mentions";
import { preferences } from "../../lib/preferences";
import { t } from "../../lib/strings";
import { useListBox } from "../../ui/useListBox";
import { TaggedText } from "../TaggedText";

import { type Choice, isMuted, keyOf, matching, MentionList } from "./MentionList";
import { replaceRange } from "./edit";
import type { SeatChoice } from "./whoAnswers";

interface Props {
  ref?: Ref<{ focus: () => void }>;
  text: string;
  onText: (text: string) => void;
  seats: SeatChoice[];
  placeholder: string;
  onEnter: () => void;
  onEscape: () => void;
  /** ↑ in an empty box. */
  onEditLast?: (() => void) | undefined;
  describedBy: string;
}

/** Where the fingers type, Enter makes a new line and the button sends. */
const isTouch = () => matchMedia("(pointer: coarse)").matches;

type Key = Pick<KeyboardEvent, "shiftKey" | "altKey" | "ctrlKey" | "metaKey">;

const hasModifier = (key: Key) => key.shiftKey || key.altKey || key.ctrlKey || key.metaKey;

/** Whether this Enter sends: alone, or with Ctrl or Cmd, as the user has chosen. */
function sends(key: Key): boolean {
  if (key.ctrlKey || key.metaKey) return !key.shiftKey && !key.altKey;
  return preferences().sendKey === "enter" && !key.shiftKey && !isTouch();
}

/** A text box that shows tags in colour and offers agents after "@". */
export function TextBox(props: Props) {
  const { ref, text, onText, seats, placeholder, onEnter, onEscape, onEditLast, describedBy } = props;
  const box = useRef<HTMLTextAreaElement>(null);
  const [caret, setCaret] = useState(0);
  const [closedAt, setClosedAt] = useState<number | null>(null);
  useImperativeHandle(ref, () => ({ focus: () => box.current?.focus() }), []);

  const typing = seats.length > 0 ? typingTag(text, caret) : null;
  const choices = typing ? matching(typing.query, seats) : [];
  const open = typing !== null && typing.start !== closedAt && choices.some((c) => !isMuted(c));
  const list = useListBox<Choice>({
    items: choices,
    open,
    isDisabled: isMuted,
    onChoose: choose,
    onClose: () => setClosedAt(typing?.start ?? null),
  });

  function choose(choice: Choice) {
    if (!box.current || !typing) return;
    replaceRange(box.current, typing.start, caret, `@${keyOf(choice)} `);
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>) {
    // Keys that an input method is using are not ours (229: Safari's Enter that ends composing).
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    if (list.onKeyDown(event)) return;
    const { selectionStart, selectionEnd } = event.currentTarget;
    if (event.key === "Enter" && sends(event)) {
      event.preventDefault();
      onEnter();
    } else if (event.key === "ArrowUp" && text === "" && !hasModifier(event)) {
      event.preventDefault();
      onEditLast?.();
    } else if (event.key === "Escape") {
      onEscape();
    } else if (event.key === "Backspace" && selectionStart === selectionEnd) {
      const tag = tagBefore(
        text,
        selectionStart,
        seats.map((seat) => seat.key),
      );
      if (!tag || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      replaceRange(event.currentTarget, tag.start, tag.end, "");
    }
  }

  const follow = () => setCaret(box.current?.selectionStart ?? 0);
  return (
    <div className="relative">
      {open && <MentionList choices={choices} list={list} onChoose={choose} />}
      <div className="comp-text">
        <div aria-hidden>
          <TaggedText text={text} seats={seats} />
          {/* A line that has only begun has a height as well. */}
          {"\u200b"}
        </div>
        <textarea
          ref={box}
          data-composer
          rows={1}
          value={text}
          placeholder={placeholder}
          aria-label={t.composer.label}
          aria-describedby={describedBy}
          {...list.boxProps}
          spellCheck
          enterKeyHint="send"
          onChange={(event) => {
            onText(event.target.value);
            setCaret(event.target.selectionStart);
            setClosedAt(null);
          }}
          onSelect={follow}
          onBlur={() => setClosedAt(typing?.start ?? null)}
          onKeyDown={onKeyDown}
        />
      </div>
    </div>
  );
}
