import { useCallback, useEffect, useRef } from "react";

import type { NewTurn, Turn } from "../../api/types";
import { t } from "../../lib/strings";
import { Composer } from "../../parts/composer/Composer";
import { whoAnswers } from "../../parts/composer/whoAnswers";
import { isInOrder } from "../../parts/steps";

import { ForecastNote } from "./ForecastNote";
import { LowBalance } from "./LowBalance";
import { SendProblem } from "./SendProblem";
import { WaitingMessage } from "./WaitingMessage";
import { useDraft } from "./draft";
import { useChosenMode } from "./useChosenMode";
import { useForecast } from "./useForecast";
import type { Place } from "./usePlace";
import type { useTurns } from "./useTurns";
import { useWaiting } from "./useWaiting";

interface Props {
  sessionId: string;
  place: Place;
  headTurnId: string | null;
  live: Turn | undefined;
  turns: ReturnType<typeof useTurns>;
  escapeStops: boolean;
  onSent: () => void;
  /** ↑ in an empty box. */
  onEditLast: () => void;
}

/** The composer with all that it has to know of the session. */
export function Dock(props: Props) {
  const { sessionId, place, headTurnId, live, turns, escapeStops, onSent, onEditLast } = props;
  const [text, setText] = useDraft(sessionId);
  const [chosen, setChosen] = useChosenMode(sessionId);
  const { mode, who } = whoAnswers({ room: place.room, seats: place.seats, chosen, text });
  const box = useRef<{ focus: () => void }>(null);
  useEffect(() => {
    // What was opened over the page meanwhile keeps the focus: a menu that loses it closes.
    if (document.querySelector("[role=menu], [role=dialog]")) return;
    if (matchMedia("(pointer: fine)").matches) box.current?.focus();
  }, []);

  const direct = mode === "direct";
  const body: NewTurn = chosen === null ? { input: text } : { input: text, mode: chosen };
  const { forecast, refusal } = useForecast({
    sessionId,
    headTurnId,
    body: text.trim() === "" || who.length === 0 ? null : body,
    mode,
  });
  const { mutate } = turns.send;
  const send = useCallback(
    (wanted: NewTurn) =>
      mutate(wanted, {
        onSuccess: () => {
          setText("");
          onSent();
        },
      }),
    [mutate, setText, onSent],
  );
  /** Back into the box: what is there is not lost. */
  const takeBack = useCallback(
    ({ input }: NewTurn) => setText((there) => [input, there].filter(Boolean).join("\n\n")),
    [setText],
  );
  const sendWaiting = useCallback(
    (wanted: NewTurn) => mutate(wanted, { onSuccess: onSent, onError: () => takeBack(wanted) }),
    [mutate, onSent, takeBack],
  );
  const waiting = useWaiting(sessionId, live !== undefined, sendWaiting, takeBack);
  const submit = () => {
    if (!live) return send(body);
    waiting.set(body);
    setText("");
  };
  return (
    <div className="dock px-6 pb-4 phone:px-2 phone:pb-[max(8px,env(safe-area-inset-bottom))]">
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
          note={<ForecastNote mode={mode} who={who} forecast={forecast} />}
          hint={refusal}
          problem={
            <>
              {!turns.problem && <LowBalance />}
              {turns.problem && <SendProblem problem={turns.problem} onDismiss={turns.dismiss} />}
              {waiting.body && (
                <WaitingMessage
                  text={waiting.body.input}
                  onEdit={() => {
                    if (waiting.body) takeBack(waiting.body);
                    waiting.set(null);
                    box.current?.focus();
                  }}
                  onRemove={() => waiting.set(null)}
                />
              )}
            </>
          }
          sending={turns.send.isPending || (live !== undefined && waiting.body !== null)}
          onSend={submit}
          onEditLast={onEditLast}
          live={
            live
              ? {
                  stopping: turns.stoppedTurn === live.id,
                  // Of a turn that waits nobody answers now.
                  inOrder: live.status !== "awaiting_input" && isInOrder(live),
                }
              : null
          }
          escapeStops={escapeStops}
          onStop={(when) => live && turns.stop.mutate({ turn: live, when })}
        />
      </div>
    </div>
  );
}
