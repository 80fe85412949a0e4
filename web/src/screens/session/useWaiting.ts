/** One message that waits for the turn to end. */

import { useEffect, useRef, useState } from "react";

import type { NewTurn } from "../../api/types";
import { read, write } from "../../lib/storage";

interface Waiting {
  body: NewTurn | null;
  set: (body: NewTurn | null) => void;
}

/**
 * The message that waits in a session; it outlives a reload. `onTurn` gets it when the turn that
 * `running` tells of has ended. One that was left from before, with nothing running, goes to
 * `onLeft`: what was written long ago is not sent unasked.
 */
export function useWaiting(
  sessionId: string,
  running: boolean,
  onTurn: (body: NewTurn) => void,
  onLeft: (body: NewTurn) => void,
): Waiting {
  const key = `waiting.${sessionId}`;
  const [body, setBody] = useState(() => read<NewTurn>(key));
  const was = useRef(false);
  useEffect(() => {
    const ended = was.current && !running;
    was.current = running;
    if (running || body === null) return;
    write(key, null);
    // eslint-disable-next-line react-hooks/set-state-in-effect -- the turn's end is the event
    setBody(null);
    if (ended) onTurn(body);
    else onLeft(body);
  }, [running, body, key, onTurn, onLeft]);
  return {
    body,
    set: (next) => {
      write(key, next);
      setBody(next);
    },
  };
}
