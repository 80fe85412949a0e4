/** What the message that is being written would cost. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { ApiProblem } from "../../api/problems";
import { forecast } from "../../api/queries";
import type { Forecast, Mode, NewTurn } from "../../api/types";

const DEBOUNCE_MS = 400;

interface Asked {
  sessionId: string;
  /** What is there already is read by those who answer, and costs. */
  headTurnId: string | null;
  /** `null` while there is nothing to ask about. */
  body: NewTurn | null;
  /** The mode that the message will have. */
  mode: Mode;
}

interface Answer {
  /** `undefined` while it is not known. */
  forecast: Forecast | undefined;
  /** Why the message would be refused. */
  refusal: string | null;
}

/** The forecast of a message, asked for once the typing pauses; the last one stands until then. */
export function useForecast({ sessionId, headTurnId, body, mode }: Asked): Answer {
  const wanted = body === null ? null : JSON.stringify(body);
  const [settled, setSettled] = useState<string | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(wanted), DEBOUNCE_MS);
    return () => clearTimeout(timer);
  }, [wanted]);

  const asked = JSON.parse(settled ?? '{"input":""}') as NewTurn;
  const answer = useQuery({
    ...forecast(sessionId, headTurnId, asked),
    enabled: settled !== null && wanted !== null,
    placeholderData: keepPreviousData,
  });
  if (wanted === null) return { forecast: undefined, refusal: null };
  const { error } = answer;
  const refused = settled === wanted && error instanceof ApiProblem && error.status === 422;
  return {
    // Another mode costs something else altogether.
    forecast: !error && answer.data?.mode === mode ? answer.data : undefined,
    refusal: refused ? error.message : null,
  };
}
