import { fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { describe, expect, it, vi } from "vitest";

import { setPreferences } from "../../lib/preferences";

import { Composer } from "./Composer";

const SEATS = [
  { key: "analyst", name: "Analyst", color: 1, muted: false },
  { key: "skeptic", name: "Skeptic", color: 2, muted: false },
  { key: "editor", name: "Editor", color: 3, muted: true },
];

function setUp(live: { stopping: boolean; inOrder: boolean } | null = null) {
  const onSend = vi.fn<(text: string) => void>();
  const onStop = vi.fn();
  const onMode = vi.fn();
  function Held() {
    const [text, setText] = useState("");
    return (
      <Composer
        text={text}
        onText={setText}
        placeholder="Ask the room"
        seats={SEATS}
        modes={["manual", "roundtable"]}
        mode="roundtable"
        onMode={onMode}
        note=""
        sending={false}
        onSend={() => onSend(text)}
        live={live}
        onStop={onStop}
        escapeStops
      />
    );
  }
  render(<Held />);
  const box = screen.getByRole<HTMLTextAreaElement>("textbox", { name: "Message" });
  return { onSend, onStop, onMode, box, user: userEvent.setup() };
}

describe("sending", () => {
  it("sends on Enter, not on Shift+Enter, and nothing that is empty", async () => {
    const { box, user, onSend } = setUp();
    await user.type(box, "  {Enter}");
    expect(onSend).not.toHaveBeenCalled();
    await user.type(box, "One{Shift>}{Enter}{/Shift}two{Enter}");
    expect(onSend).toHaveBeenCalledExactlyOnceWith("  One\ntwo");
  });

  it("sends nothing while an input method composes", async () => {
    const { box, user, onSend } = setUp();
    await user.type(box, "にほん");
    fireEvent.keyDown(box, { key: "Enter", isComposing: true });
    fireEvent.keyDown(box, { key: "Enter", keyCode: 229 });
    expect(onSend).not.toHaveBeenCalled();
    fireEvent.keyDown(box, { key: "Enter" });
    expect(onSend).toHaveBeenCalledOnce();
  });

  it("lets a message wait while a turn runs, and stops it on Escape", async () => {
    const { box, user, onSend, onStop } = setUp({ stopping: false, inOrder: true });
    await user.type(box, "Next question");
    await user.click(screen.getByRole("button", { name: "Send after this turn" }));
    expect(onSend).toHaveBeenCalledOnce();
    await user.type(box, "{Escape}");
    expect(onStop).toHaveBeenCalledExactlyOnceWith("now");
  });

  it("is sent by Ctrl and Enter alone where that was chosen", async () => {
    setPreferences({ sendKey: "mod-enter" });
    const { box, user, onSend } = setUp();
    await user.type(box, "Two{Enter}lines");
    expect(box.value).toBe("Two\nlines");
    expect(onSend).not.toHaveBeenCalled();
    await user.type(box, "{Control>}{Enter}{/Control}");
    expect(onSend).toHaveBeenCalledOnce();
    setPreferences({ sendKey: "enter" });
  });
});

describe("naming agents", () => {
  it("offers agents after @, muted ones disabled, and takes one by Enter", async () => {
    const { box, user, onSend } = setUp();
    await user.type(box, "Hi @");
    const options = screen.getAllByRole("option");
    expect(options.map((option) => option.textContent)).toEqual([
      "AAnalyst@analyst",
      "SSkeptic@skeptic",
      "EEditor@editormuted",
      "Everybody@all",
    ]);
    expect(options[2]?.getAttribute("aria-disabled")).toBe("true");
    expect(box.getAttribute("aria-activedescendant")).toBe(options[0]?.id);
    expect(box.getAttribute("aria-controls")).toBe(screen.getByRole("listbox").id);
    await user.keyboard("{ArrowDown}");
    expect(box.getAttribute("aria-activedescendant")).toBe(options[1]?.id);
    // Over the muted one, to everybody, and around.
    await user.keyboard("{ArrowDown}");
    expect(box.getAttribute("aria-activedescendant")).toBe(options[3]?.id);
    await user.keyboard("{ArrowDown}{ArrowDown}{Enter}");
    expect(box.value).toBe("Hi @skeptic ");
    expect(onSend).not.toHaveBeenCalled();
    expect(screen.queryByRole("listbox")).toBeNull();
  });

  it("narrows while typing, and takes by Tab", async () => {
    const { box, user } = setUp();
    await user.type(box, "@SK");
    expect(screen.getAllByRole("option")).toHaveLength(1);
    await user.keyboard("{Tab}");
    expect(box.value).toBe("@skeptic ");
  });

  it("takes by click, keeping what stands before", async () => {
    const { box, user } = setUp();
    await user.type(box, "@skeptic and @an");
    await user.click(screen.getByRole("option", { name: /Analyst/ }));
    expect(box.value).toBe("@skeptic and @analyst ");
  });

  it("closes on Escape without stopping anything, and opens again at the next @", async () => {
    const { box, user, onStop } = setUp({ stopping: false, inOrder: false });
    await user.type(box, "@a{Escape}");
    expect(screen.queryByRole("listbox")).toBeNull();
    expect(onStop).not.toHaveBeenCalled();
    await user.type(box, " @");
    expect(screen.getByRole("listbox")).toBeTruthy();
  });

  it("shows no list for a tag that nobody has: Enter sends", async () => {
    const { box, user, onSend } = setUp();
    await user.type(box, "@zzz{Enter}");
    expect(onSend).toHaveBeenCalledExactlyOnceWith("@zzz");
  });

  it("removes a whole tag by Backspace", async () => {
    const { box, user } = setUp();
    await user.type(box, "Hi @skeptic");
    await user.keyboard("{Escape}{Backspace}");
    expect(box.value).toBe("Hi ");
  });

  it("removes a letter of what is no tag", async () => {
    const { box, user } = setUp();
    await user.type(box, "Hi @skep{Escape}{Backspace}");
    expect(box.value).toBe("Hi @ske");
  });

  it("shows tags in colour in a layer that has the same text", async () => {
    const { box, user } = setUp();
    await user.type(box, "Hi @skeptic and @all");
    const layer = box.previousElementSibling;
    expect(layer?.textContent.replace("​", "")).toBe(box.value);
    expect(layer?.querySelector(".tag")?.getAttribute("data-c")).toBe("2");
  });
});

it("switches the mode by arrows, as radio buttons do", async () => {
  const { user, onMode } = setUp();
  screen.getByRole("radio", { name: "Round table" }).focus();
  await user.keyboard("{ArrowLeft}");
  expect(onMode).toHaveBeenCalledExactlyOnceWith("manual");
});
