import { ArrowUp } from "lucide-react";
import { type ReactNode, type Ref, useId } from "react";

import type { Mode } from "../../api/types";
import { t } from "../../lib/strings";

import { ModeSwitch } from "./ModeSwitch";
import { StopButton, type StopWhen } from "./StopButton";
import { TextBox } from "./TextBox";
import type { SeatChoice } from "./whoAnswers";

interface Props {
  ref?: Ref<{ focus: () => void }>;
  text: string;
  onText: (text: string) => void;
  placeholder: string;
  /** Whom "@" can name; nobody in a session with one agent. */
  seats: SeatChoice[];
  /** The modes to choose from; none in a session with one agent. */
  modes: Mode[];
  mode: Mode;
  onMode: (mode: Mode) => void;
  /** Who answers, and what it will cost. */
  note: ReactNode;
  /** Why the message would be refused as it stands. */
  hint?: string | null;
  /** Why the last message was not sent. */
  problem?: ReactNode;
  sending: boolean;
  onSend: () => void;
  /** ↑ in an empty box. */
  onEditLast?: () => void;
  /** The running turn, if one runs: then what is sent waits for its end. */
  live: { stopping: boolean; inOrder: boolean } | null;
  onStop: (when: StopWhen) => void;
  /** Escape stops the turn; not while it closes something else. */
  escapeStops: boolean;
}

/** Where a message is written, and a turn stopped. */
export function Composer(props: Props) {
  const { ref, text, modes, mode, note, hint, live, problem } = props;
  const noteId = useId();
  const blocked = props.sending || text.trim() === "";
  const send = () => {
    if (!blocked) props.onSend();
  };
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-2">
      {problem}
      <div className="comp">
        <TextBox
          ref={ref}
          text={text}
          onText={props.onText}
          seats={props.seats}
          placeholder={props.placeholder}
          describedBy={noteId}
          onEnter={send}
          onEditLast={props.onEditLast}
          onEscape={() => {
            if (live && !live.stopping && props.escapeStops) props.onStop("now");
          }}
        />
        <div className="comp-bar">
          {modes.length > 1 && <ModeSwitch modes={modes} mode={mode} onMode={props.onMode} />}
          <span id={noteId} className="comp-note cut flex-1 pl-1 text-right">
            {note}
          </span>
          {live && <StopButton {...live} onStop={props.onStop} />}
          <button
            type="button"
            // On a phone there is space for one: with a text it sends, else it stops.
            className={`send ${live && text.trim() === "" ? "phone:hidden" : ""}`}
            aria-label={live ? t.composer.sendLater : t.composer.send}
            title={live ? t.composer.sendLater : t.composer.send}
            aria-disabled={blocked}
            onClick={send}
          >
            <ArrowUp className="icon" aria-hidden />
          </button>
        </div>
      </div>
      {hint && (
        <p className="px-4 text-12 text-warn" role="status">
          {hint}
        </p>
      )}
    </div>
  );
}
