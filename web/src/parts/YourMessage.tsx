import { Pencil } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";

import type { Turn } from "../api/types";
import { preferences } from "../lib/preferences";
import { t } from "../lib/strings";
import { CopyButton } from "../ui/CopyButton";
import { IconButton } from "../ui/IconButton";

import { MessageMenu, PinMark } from "./MessageMenu";
import type { StepActions } from "./StepBlock";
import { TaggedText } from "./TaggedText";

interface Props {
  turn: Turn;
  actions: StepActions;
  pinned: boolean;
}

/** What edits a turn's message, for the key that does so from the composer. */
export const editButtonId = (turnId: string) => `edit-${turnId}`;

/** The user's message. It can be asked anew: the old answers stay, as an earlier try. */
export function YourMessage({ turn, actions, pinned }: Props) {
  const { onEdit } = actions;
  const [editing, setEditing] = useState(false);
  if (editing && onEdit)
    return (
      <Edit
        text={turn.input}
        onDone={() => setEditing(false)}
        onAsk={(text) => {
          setEditing(false);
          onEdit(turn, text);
        }}
      />
    );
  return (
    <div className="you">
      <span className="you-acts">
        {onEdit && (
          <IconButton
            id={editButtonId(turn.id)}
            label={t.turn.edit}
            onClick={() => setEditing(true)}
          >
            <Pencil className="icon icon-s" aria-hidden />
          </IconButton>
        )}
        {turn.input !== "" && (
          <MessageMenu messageId={turn.input_message_id} pinned={pinned} actions={actions} />
        )}
        <CopyButton text={() => turn.input} label={t.step.copy} />
      </span>
      <p>
        <span className="vh">{t.session.you}: </span>
        {turn.input === "" && <span className="text-fg-3">{t.session.takenBack}</span>}
        {turn.mode === "direct" ? (
          turn.input
        ) : (
          <TaggedText text={turn.input} seats={turn.roster} />
        )}
        {pinned && (
          <span className="block text-12">
            <PinMark />
          </span>
        )}
      </p>
    </div>
  );
}

interface EditProps {
  text: string;
  onAsk: (text: string) => void;
  onDone: () => void;
}

function Edit({ text: before, onAsk, onDone }: EditProps) {
  const [text, setText] = useState(before);
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    box.current?.focus();
    box.current?.setSelectionRange(before.length, before.length);
  }, [before]);
  const blocked = text.trim() === "";
  const ask = () => {
    if (!blocked) onAsk(text);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const alone = !event.shiftKey && preferences().sendKey === "enter";
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey || alone)) {
      event.preventDefault();
      ask();
    } else if (event.key === "Escape") {
      event.preventDefault();
      onDone();
    }
  };
  return (
    <div className="you">
      <div className="you-edit">
        <textarea
          ref={box}
          className="box field-sizing-content max-h-80 text-15"
          aria-label={t.turn.edit}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <span className="flex items-center justify-end gap-2">
          <span className="flex-1 text-12 text-fg-3">{t.turn.editHelp}</span>
          <button type="button" className="btn" onClick={onDone}>
            {t.session.cancel}
          </button>
          <button type="button" className="btn btn-ink" disabled={blocked} onClick={ask}>
            {t.turn.askAgain}
          </button>
        </span>
      </div>
    </div>
  );
}
