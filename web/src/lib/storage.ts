/** What the browser remembers. Storage can be full or forbidden: then the page forgets, and works. */

/** Read a value that `write` stored; `null` when there is none or it cannot be read. */
export function read<Value>(key: string): Value | null {
  try {
    const text = localStorage.getItem(`pantheon.${key}`);
    return text === null ? null : (JSON.parse(text) as Value);
  } catch {
    return null;
  }
}

/** Store a value; `null` removes it. */
export function write(key: string, value: unknown): void {
  try {
    if (value === null) localStorage.removeItem(`pantheon.${key}`);
    else localStorage.setItem(`pantheon.${key}`, JSON.stringify(value));
  } catch (error) {
    console.warn("The browser stores nothing for this page.", error);
  }
}
