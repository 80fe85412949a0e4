import { describe, expect, it } from "vitest";

import { matching } from "./MentionList";
import { type Asked, whoAnswers } from "./whoAnswers";

const SEATS = ["analyst", "skeptic", "editor"].map((key, index) => ({
  key,
  name: key[0]?.toUpperCase() + key.slice(1),
  color: index + 1,
  muted: key === "editor",
}));

function ask(part: Partial<Asked>) {
  const room = { mode: "roundtable", mentions: "override" } as const;
  const { mode, who } = whoAnswers({ room, seats: SEATS, chosen: null, text: "", ...part });
  return [mode, ...who.map((seat) => seat.key)];
}

describe("whoAnswers", () => {
  it("follows the room's mode without a tag", () => {
    expect(ask({ text: "Well?" })).toEqual(["roundtable", "analyst", "skeptic"]);
  });
  it("lets a tag override the mode, where the room says so", () => {
    expect(ask({ text: "@skeptic well?" })).toEqual(["manual", "skeptic"]);
    const first = { mode: "roundtable", mentions: "first" } as const;
    expect(ask({ text: "@skeptic", room: first })).toEqual(["roundtable", "skeptic", "analyst"]);
    const ignore = { mode: "roundtable", mentions: "ignore" } as const;
    expect(ask({ text: "@skeptic", room: ignore })).toEqual(["roundtable", "analyst", "skeptic"]);
  });
  it("follows the user's choice before all", () => {
    expect(ask({ text: "@skeptic", chosen: "roundtable" })[0]).toBe("roundtable");
    expect(ask({ text: "Well?", chosen: "manual" })).toEqual(["manual"]);
    expect(ask({ text: "@skeptic @analyst", chosen: "manual" })).toEqual([
      "manual",
      "skeptic",
      "analyst",
    ]);
  });
  it("lets muted agents answer to nothing", () => {
    expect(ask({ text: "@editor" })[0]).toBe("roundtable");
    expect(ask({ text: "@all" })).toEqual(["manual", "analyst", "skeptic"]);
  });
});

describe("matching", () => {
  const keys = (query: string) =>
    matching(query, SEATS).map((choice) => (choice === "all" ? choice : choice.key));

  it("offers all agents after a bare @, everybody last", () => {
    expect(keys("")).toEqual(["analyst", "skeptic", "editor", "all"]);
  });
  it("puts those that begin so before those that hold it", () => {
    expect(keys("a")).toEqual(["analyst", "all"]);
    expect(keys("t")).toEqual(["analyst", "skeptic", "editor"].filter((key) => key.includes("t")));
    expect(keys("e")).toEqual(["editor", "skeptic"]);
    expect(keys("zzz")).toEqual([]);
  });
});
