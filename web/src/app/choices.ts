/** What the palette offers for a text. Pure. */

export interface Choice {
  id: string;
  group: "actions" | "sessions" | "rooms" | "agents" | "messages";
  name: string;
  /** Beside the name: where a session is, whose an answer is. */
  hint?: string;
  /** A room's colours, or an agent's. */
  colors?: number[];
  /** The agent whose letter stands before it. */
  agent?: string;
  run: () => void;
}

/** Without a text, and of each group with one. */
const MOST_EMPTY = 6;
const MOST = 8;

const plain = (text: string) =>
  text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase();

/**
 * The choices in which every word of `text` is found, those first whose name begins with it,
 * group after group. What was said has been sought by the server already.
 */
export function fitting(choices: Choice[], text: string): Choice[] {
  const words = plain(text).split(/\s+/).filter(Boolean);
  const rank = (choice: Choice): number => {
    if (choice.group === "messages") return 1;
    const name = plain(choice.name);
    if (words.length > 0 && name.startsWith(words.join(" "))) return 0;
    const all = `${name} ${plain(choice.hint ?? "")}`;
    return words.every((word) => all.includes(word)) ? 1 : 2;
  };
  const order: Choice["group"][] =
    words.length === 0
      ? ["sessions", "rooms", "agents", "actions"]
      : ["sessions", "rooms", "agents", "actions", "messages"];
  return order.flatMap((group) =>
    choices
      .filter((choice) => choice.group === group && rank(choice) < 2)
      .sort((a, b) => rank(a) - rank(b))
      .slice(0, words.length === 0 && group === "sessions" ? MOST_EMPTY : MOST),
  );
}
