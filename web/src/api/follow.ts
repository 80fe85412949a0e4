/** Following a session's events over any number of lost connections. */

import { EventSourceParserStream } from "eventsource-parser/stream";

import { backoffMs, pause } from "../lib/backoff";

import { parseEvent, type LiveEvent } from "./events";
import { BASE } from "./http";
import { type ApiProblem, networkProblem, problemOf } from "./problems";

/** The server gives a sign of life every 15 s at least. */
const SILENCE_MS = 40_000;

export interface Follow {
  sessionId: string;
  /** The last event that the reader has. */
  after: string;
  signal: AbortSignal;
  /** Takes an event; `false` ends following: the reader is out of step and reads a snapshot. */
  onEvent: (event: LiveEvent) => boolean;
  onConnection: (connected: boolean) => void;
  random?: () => number;
}

/**
 * Hand every event after `after` to `onEvent`, connecting again whenever the connection is lost.
 *
 * Returns when the signal aborts or `onEvent` says `false`. Throws ApiProblem when the server
 * refuses for good: signed out, session gone.
 */
export async function follow(options: Follow): Promise<void> {
  const { signal, onConnection, random } = options;
  let after = options.after;
  let failures = 0;
  while (!signal.aborted) {
    let waitMs: number | null = null;
    const connection = new AbortController();
    const close = () => connection.abort();
    signal.addEventListener("abort", close);
    // An open stream can stay silent for long before anybody notices that the network is gone.
    addEventListener("offline", close);
    try {
      const response = await connect(options.sessionId, after, connection.signal);
      if (!response.ok || !response.body) {
        const problem = problemOf(response, await bodyOf(response));
        if (isFinal(problem)) throw problem;
        waitMs = problem.retryAfterMs;
      } else {
        onConnection(true);
        const inStep = await read(response.body, connection, (id, event) => {
          failures = 0;
          if (id) after = id;
          return event === null || options.onEvent(event);
        });
        if (!inStep) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isLoss(error)) throw error;
    } finally {
      signal.removeEventListener("abort", close);
      removeEventListener("offline", close);
      connection.abort();
    }
    if (signal.aborted) return;
    failures += 1;
    onConnection(false);
    await pause(Math.max(waitMs ?? 0, backoffMs(failures, random)), signal);
  }
}

/** What a refusal carries; nothing where it is no JSON. */
function bodyOf(response: Response): Promise<unknown> {
  return response.json().catch(() => undefined);
}

/** Whether asking again cannot help. */
function isFinal(problem: ApiProblem): boolean {
  return problem.status >= 400 && problem.status < 500 && ![408, 425, 429].includes(problem.status);
}

/** Whether the connection failed, and not the reader's own code. */
function isLoss(error: unknown): boolean {
  return error instanceof ConnectionLost;
}

class ConnectionLost extends Error {}

async function connect(sessionId: string, after: string, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(`${BASE}/sessions/${sessionId}/events`, {
      headers: { Accept: "text/event-stream", "Last-Event-ID": after },
      cache: "no-store",
      signal,
    });
  } catch {
    throw new ConnectionLost(networkProblem().message);
  }
}

/** Read one connection to its end. Returns `false` when `take` did. */
async function read(
  body: ReadableStream<Uint8Array>,
  connection: AbortController,
  take: (id: string | undefined, event: LiveEvent | null) => boolean,
): Promise<boolean> {
  let alarm: ReturnType<typeof setTimeout> | undefined;
  const alive = () => {
    clearTimeout(alarm);
    alarm = setTimeout(() => connection.abort(), SILENCE_MS);
  };
  alive();
  const heard = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      alive();
      controller.enqueue(chunk);
    },
  });
  const reader = body
    .pipeThrough(heard)
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw new ConnectionLost("The stream broke off.");
      });
      if (done) return true;
      const event = value.event === undefined ? null : parseEvent(value.event, value.data);
      if (!take(value.id, event)) return false;
    }
  } finally {
    clearTimeout(alarm);
    reader.cancel().catch(() => undefined);
  }
}
