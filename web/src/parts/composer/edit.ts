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
  // The only way that undo knows; where it is missing the undo is lost, not the edit.
  const done =
    typeof document.execCommand === "function" &&
    (text === ""
      ? document.execCommand("delete")
      : document.execCommand("insertText", false, text));
  if (done) return;
  const before = box.value;
  // React notices a change only past its own setter on the element.
  const after = before.slice(0, start) + text + before.slice(end);
  Reflect.set(HTMLTextAreaElement.prototype, "value", after, box);
  box.setSelectionRange(start + text.length, start + text.length);
  box.dispatchEvent(new Event("input", { bubbles: true }));
}
