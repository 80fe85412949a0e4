/** Which addresses an answer may link to. */

const SCHEMES = new Set(["http:", "https:", "mailto:"]);

/** `href` as an absolute address of an allowed scheme; `null` for anything else. */
export function safeHref(href: string): URL | null {
  try {
    const url = new URL(href);
    return SCHEMES.has(url.protocol) ? url : null;
  } catch {
    return null;
  }
}
