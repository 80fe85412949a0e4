/** Text as blocks of markdown, read anew only where it has changed. */

import { Lexer, type Token } from "marked";

/** Lines longer than this are data, not prose: markdown's inline rules are slow on them. */
const LONGEST_LINE = 20_000;
/** The last blocks of a growing text can still change their kind. */
const OPEN_BLOCKS = 2;

/** The blocks of `text`. What has endless lines or cannot be parsed becomes one block of plain text. */
export function readBlocks(text: string): Token[] {
  if (hasLongLine(text)) return [plain(text)];
  try {
    return new Lexer({ gfm: true }).lex(text);
  } catch {
    // Nested deeper than the parser can go.
    return [plain(text)];
  }
}

function plain(text: string): Token {
  return { type: "plain", raw: text, text };
}

function hasLongLine(text: string): boolean {
  for (let from = 0; text.length - from > LONGEST_LINE;) {
    const end = text.indexOf("\n", from);
    if (end < 0 || end - from > LONGEST_LINE) return true;
    from = end + 1;
  }
  return false;
}

/** Reads a text that grows: settled blocks are kept, only the end is parsed again. */
export class GrowingBlocks {
  private settled = "";
  private blocks: Token[] = [];

  read(text: string): Token[] {
    if (!text.startsWith(this.settled)) {
      this.settled = "";
      this.blocks = [];
    }
    const rest = text.slice(this.settled.length);
    const fresh = readBlocks(rest);
    const all = [...this.blocks, ...fresh];
    const closed = fresh.slice(0, -OPEN_BLOCKS);
    const closedText = closed.map((block) => block.raw).join("");
    // A parser that normalised what it read (tabs, line ends) gives no place to go on from.
    if (closedText !== "" && rest.startsWith(closedText)) {
      this.settled += closedText;
      this.blocks = [...this.blocks, ...closed];
    }
    return all;
  }
}
