/** What an agent sees of a session, in words. */

import type { Context } from "../api/types";
import { t } from "../lib/strings";

/** "Everything", "The last 4 turns"; empty while it is not known. */
export function seesWords(context: Context | null | undefined): string {
  if (!context) return "";
  if (context.policy === "last") return t.sees.last(context.last_turns ?? 0);
  return t.sees[context.policy];
}
