import { useEffect, useRef } from "react";

import type { NewTurn, Turn } from "../../api/types";
import { t } from "../../lib/strings";
import { Composer } from "../../parts/composer/Composer";
import { whoAnswers } from "../../parts/composer/whoAnswers";
import { isInOrder } from "../../parts/steps";

import { SendProblem } from "./SendProblem";
import { useDraft } from "./draft";
import { useChosenMode } from "./useChosenMode";
import type { Place } from "./usePlace";
import type { useTurns } from "./useTurns";

interface Props {
  sessionId: string;
  place: Place;
  live: Turn | undefined;
  turns: ReturnType<typeof useTurns>;
  escapeStops: boolean;
  onSent: () => void;
}

/** The composer with all that it has to know of the session. */
export function Dock({ sessionId, place, live, turns, escapeStops, onSent }: Props) {
  const [text, setText] = useDraft(sessionId);
  const [chosen, setChosen] = useChosenMode(sessionId);
  const { mode, who } = whoAnswers({ room: place.room, seats: place.seats, chosen, text });
  const box = useRef<{ focus: () => void }>(null);
  useEffect(() => {
    if (matchMedia("(pointer: fine)").matches) box.current?.focus();
  }, []);

  const direct = mode === "direct";
  const note = direct
    ? ""
    : who.length === 0
      ? t.composer.nobody
      : who.length > 3
        ? t.composer.calls(who.length)
        : t.composer.answers(who.map((seat) => seat.name));
  const send = () => {
    const body: NewTurn = chosen === null ? { input: text } : { input: text, mode: chosen };
    turns.send.mutate(body, {
      onSuccess: () => {
        setText("");
        onSent();
      },
    });
  };
  return (
    <div className="px-6 pb-4 phone:px-2 phone:pb-[max(8px,env(safe-area-inset-bottom))]">
      <div className="mx-auto w-full max-w-(--column)">
        <Composer
          ref={box}
          text={text}
          onText={setText}
          placeholder={
            direct
              ? t.composer.askAgent(place.name)
              : mode === "manual"
                ? t.composer.askTag
                : t.composer.askRoom
          }
          seats={direct ? [] : place.seats}
          modes={place.modes}
          mode={mode}
          onMode={(picked) => setChosen(picked === place.room.mode ? null : picked)}
          note={note}
          problem={
            turns.problem && <SendProblem problem={turns.problem} onDismiss={turns.dismiss} />
          }
          sending={turns.send.isPending}
          onSend={send}
          live={live ? { stopping: turns.stoppedTurn === live.id, inOrder: isInOrder(live) } : null}
          escapeStops={escapeStops}
          onStop={(when) => live && turns.stop.mutate({ turn: live, when })}
        />
      </div>
    </div>
  );
}
