/** Edits of a text box that the browser's undo knows. */

/** Replace `start`…`end` of the box by `text`, as if it had been typed. */
export function replaceRange(
  box: HTMLTextAreaElement,
  start: number,
  end: number,
  text: string,
): void {
  box.focus();
  box.setSelectionRange(start, end);
  // The only way that undo knows; a browser without it loses the undo, not the edit.
  const done =
    typeof document.execCommand === "function" &&
    (text === ""
      ? document.execCommand("delete")
      : document.execCommand("insertText", false, text));
  if (done) return;
  box.setRangeText(text, start, end, "end");
  box.dispatchEvent(new Event("input", { bubbles: true }));
}
