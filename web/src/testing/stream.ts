/** A server of event streams for tests: what `fetch` is given, and what it answers. */

export interface Connection {
  url: string;
  lastEventId: string | null;
  signal: AbortSignal;
  send: (id: string, type: string, data: unknown) => void;
  /** Any bytes, also half a frame. */
  write: (text: string) => void;
  end: () => void;
  break: () => void;
}

type Answer = "stream" | Response | Error;

/** Replaces `fetch`: each call takes the next of `answers`, then "stream" for ever. */
export function streamServer(...answers: Answer[]) {
  const connections: Connection[] = [];
  const waiting: ((connection: Connection) => void)[] = [];

  function open(request: Request): Response {
    const encoder = new TextEncoder();
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start(given) {
        controller = given;
      },
    });
    const write = (text: string) => controller?.enqueue(encoder.encode(text));
    const connection: Connection = {
      url: request.url,
      lastEventId: request.headers.get("Last-Event-ID"),
      signal: request.signal,
      write,
      send: (id, type, data) =>
        write(`id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`),
      end: () => controller?.close(),
      break: () => controller?.error(new TypeError("network error")),
    };
    request.signal.addEventListener("abort", () => {
      try {
        controller?.error(new DOMException("Aborted", "AbortError"));
      } catch {
        // It was closed before.
      }
    });
    connections.push(connection);
    waiting.shift()?.(connection);
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  }

  return {
    connections,
    fetch: (input: string | Request, init?: RequestInit): Promise<Response> => {
      const url = new URL(typeof input === "string" ? input : input.url, "http://page.test");
      const request = new Request(url, typeof input === "string" ? init : input);
      const answer = answers.shift() ?? "stream";
      if (answer instanceof Error) return Promise.reject(answer);
      return Promise.resolve(answer === "stream" ? open(request) : answer);
    },
    /** The next connection that is opened. */
    next: () => new Promise<Connection>((resolve) => waiting.push(resolve)),
  };
}

export function problem(status: number, code: string, headers: Record<string, string> = {}) {
  return new Response(JSON.stringify({ code, title: code, detail: `It says ${code}.` }), {
    status,
    headers: { "Content-Type": "application/problem+json", ...headers },
  });
}
