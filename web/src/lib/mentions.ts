/** Tags in a text, found as the server finds them, so that the box shows whom it will ask. */

export const ALL = "all";

// What is not prose: fenced and inline code, URLs, addresses. The lookbehinds and the bound on a
// scheme's length keep the search linear in texts without spaces.
const NOT_PROSE = new RegExp(
  [
    String.raw`^(?<fence>${"`"}{3,}|~{3,})[^\n]*\n.*?(?:^\k<fence>[${"`"}~]*[ \t]*$|(?![\s\S]))`,
    String.raw`(?<ticks>${"`"}+)(?!${"`"}).+?(?<!${"`"})\k<ticks>(?!${"`"})`,
    String.raw`(?<![\p{L}\p{N}_])[a-zA-Z][a-zA-Z0-9+.\-]{0,30}:\/\/\S+`,
    String.raw`(?<![\p{L}\p{N}_])www\.\S+`,
    String.raw`(?<![\p{L}\p{N}_.+\-])[\p{L}\p{N}_.+\-]+@[\p{L}\p{N}_\-]+(?:\.[\p{L}\p{N}_\-]+)+`,
  ].join("|"),
  "gmsu",
);
const TAG = /(?<![\p{L}\p{N}_@/.])@([a-zA-Z][a-zA-Z0-9_-]*)/gu;

export interface Tag {
  /** The agent's key, or "all". */
  key: string;
  /** Where it stands in the text, in UTF-16 units, "@" included. */
  start: number;
  end: number;
}

/** The tags of `text` that name one of `keys` or everybody, in order. */
export function findTags(text: string, keys: readonly string[]): Tag[] {
  const prose = text.replace(NOT_PROSE, (match) => " ".repeat(match.length));
  const tags: Tag[] = [];
  for (const match of prose.matchAll(TAG)) {
    let key = (match[1] ?? "").toLowerCase();
    if (!keys.includes(key) && key !== ALL) key = key.replace(/[-_]+$/, "");
    if (keys.includes(key) || key === ALL)
      tags.push({ key, start: match.index, end: match.index + 1 + key.length });
  }
  return tags;
}

/** Whom `text` tags, in order, each once; `@all` stands for every one of `keys`. */
export function taggedKeys(text: string, keys: readonly string[]): string[] {
  const found = findTags(text, keys).flatMap((tag) => (tag.key === ALL ? keys : [tag.key]));
  return [...new Set(found)];
}

export interface Typing {
  /** What stands between "@" and the caret, in lower case. */
  query: string;
  /** Where the "@" is. */
  start: number;
}

/** The tag that is being typed at `caret`, if one is. */
export function typingTag(text: string, caret: number): Typing | null {
  const match = /(?:^|[^\p{L}\p{N}_@/.])@([a-zA-Z0-9_-]*)$/u.exec(text.slice(0, caret));
  if (!match) return null;
  const query = match[1] ?? "";
  return { query: query.toLowerCase(), start: caret - query.length - 1 };
}

/** The whole tag that ends at `caret`, if one does: Backspace removes it in one go. */
export function tagBefore(text: string, caret: number, keys: readonly string[]): Tag | null {
  return findTags(text, keys).find((tag) => tag.end === caret) ?? null;
}
