"""A model server of its own, for tests and benchmarks: real HTTP, real faults.

    python -m tests.fakes [--port N]

prints `{"url": "http://127.0.0.1:PORT/v1"}` as its first line and serves until its standard input
or the process ends. It speaks OpenAI's chat completions, streaming or not. Any key is taken but
`wrong-key` (401).

What it answers is told by the model's name, or by the header `X-Fake-Model` in its place:

| model | answer |
|---|---|
| `ok`, `ok-N` | 20 or N tokens ("w0 w1 w2 …") at once |
| `paced-FIRST-EACH-N` | N tokens, the first after FIRST ms, then one every EACH ms |
| `gated-N-GATE` | 5 tokens, then the rest of N once gate number GATE is open |
| `echo` | the whole last user message |
| `echo-all` | all messages, as JSON |
| `scripted` | what the system prompt says: a line `say: TEXT`, `cut: TEXT` (finish reason \
`length`), `hold: TEXT` (then silence), or `as: MODEL` for one of these; `on WORDS => say: …` \
only if the last message has them |
| `minutes` | a summary of what it was shown when it is asked for one, else talk; `minutes-empty`: \
with empty lists, `minutes-once-empty`: until it is told, `minutes-wrong`: with made-up figures |
| `reasoning` | reasoning, then text, with reasoning tokens in the usage |
| `length` | 20 tokens, finish reason `length` |
| `empty` | no text, finish reason `stop` |
| `no-usage` | 20 tokens, no usage |
| `huge`, `huge-N` | 10 or N MB of text |
| `hostile` | NUL, lone surrogates, HTML, unknown frames, comments, three bytes at a time |
| `drip-MS` | 5 tokens, one byte every MS ms |
| `status-CODE`, `status-CODE-S` | that HTTP status, with `Retry-After: S` |
| `quota` | 429, `insufficient_quota` |
| `too-long` | 400, `context_length_exceeded` |
| `wobbly-N` | 503 and `Retry-After: 0` for every Nth request, from the first on; else as `ok` |
| `limit-N` | as `ok`, but 400 `context_length_exceeded` for more than N tokens |
| `flaky-N`, `flaky-N-…` | 503 for the first N requests to this model's name, then as `ok` |
| `html` | a page instead of an answer |
| `whole` | a JSON answer although a stream was asked for |
| `reset-before` | TCP reset instead of an answer |
| `reset-mid` | TCP reset after 3 tokens |
| `cut` | the connection closed after 3 tokens, without the end of the body |
| `stall` | no answer at all |
| `stall-mid` | 3 tokens, then silence |
| `no-finish` | 3 tokens and `[DONE]`, no finish reason |
| `malformed` | 3 tokens, then a frame that is no JSON |
| `error-frame` | 3 tokens, then a frame with an error |

Requests for the tests themselves:

- `GET /log`: `{"requests": [{id, model, sha256, path, at, settled_at, outcome, status, tokens, \
streamed}]}`, oldest first. `id` is `X-Client-Request-Id`, `sha256` that of the body, `path` where
  it was sent (any that ends in `/chat/completions`), `at` and `settled_at` (null while open)
  seconds since the epoch, `outcome` one of open, completed, refused, client_closed, reset, cut.
  `?id=…&arrived=S` waits up to S seconds for a request of that id, `?id=…&settled=S` until none of
  them is open.
- `POST /reset`: forget the log and the counts of `flaky`, and close all gates.
- `POST /open {"gate": GATE}`: open a gate, for the answers that wait at it and for those to come.
- `POST /away {"models": true}`: `GET /models` answers 503 until set false.
"""
