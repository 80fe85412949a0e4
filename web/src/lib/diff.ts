/** What differs between two texts, word by word, and between two lists. */

export interface Piece {
  kind: "same" | "gone" | "new";
  text: string;
}

/** Longer texts than this many words are told whole, as gone and new. */
const MOST = 1_200;

/** The pieces of both texts in order; what both have is told once. */
export function diffWords(before: string, after: string): Piece[] {
  if (before === after) return after === "" ? [] : [{ kind: "same", text: after }];
  const [a, b] = [wordsOf(before), wordsOf(after)];
  if (a.length > MOST || b.length > MOST)
    return joined([
      { kind: "gone", text: before },
      { kind: "new", text: after },
    ]);
  const same = (i: number, j: number) => a[i]?.trimEnd() === b[j]?.trimEnd();
  // common[i][j]: how many words the rests of both share.
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      at(common, i)[j] = same(i, j)
        ? (at(common, i + 1)[j + 1] ?? 0) + 1
        : Math.max(at(common, i + 1)[j] ?? 0, at(common, i)[j + 1] ?? 0);
  const pieces: Piece[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && same(i, j)) {
      pieces.push({ kind: "same", text: b[j] ?? "" });
      i += 1;
      j += 1;
    } else if (
      i < a.length &&
      (j === b.length || (at(common, i + 1)[j] ?? 0) >= (at(common, i)[j + 1] ?? 0))
    ) {
      pieces.push({ kind: "gone", text: a[i] ?? "" });
      i += 1;
    } else {
      pieces.push({ kind: "new", text: b[j] ?? "" });
      j += 1;
    }
  }
  return joined(pieces);
}

/** The rows of `after` and, behind them, those of `before` that it has no more. */
export function diffRows<Row>(
  before: Row[],
  after: Row[],
  keyOf: (row: Row) => string,
): { kind: Piece["kind"]; row: Row }[] {
  const [old, now] = [new Set(before.map(keyOf)), new Set(after.map(keyOf))];
  return [
    ...after.map((row) => ({ kind: old.has(keyOf(row)) ? ("same" as const) : ("new" as const), row })),
    ...before.filter((row) => !now.has(keyOf(row))).map((row) => ({ kind: "gone" as const, row })),
  ];
}

/** A text's words, each with the white space behind it. */
function wordsOf(text: string): string[] {
  return text.match(/\S+\s*|\s+/g) ?? [];
}

function at(rows: Uint16Array[], index: number): Uint16Array {
  return rows[index] as Uint16Array;
}

/** Neighbours of one kind as one piece; none is empty. */
function joined(pieces: Piece[]): Piece[] {
  const out: Piece[] = [];
  for (const piece of pieces) {
    const last = out.at(-1);
    if (last?.kind === piece.kind) last.text += piece.text;
    else if (piece.text !== "") out.push({ ...piece });
  }
  return out;
}
