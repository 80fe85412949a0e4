import { describe, expect, it } from "vitest";

import { findTags, tagBefore, taggedKeys, typingTag } from "./mentions";

const KEYS = ["analyst", "critic", "the-editor"];

describe("taggedKeys", () => {
  it.each([
    ["@critic and @analyst", ["critic", "analyst"]],
    ["@Critic @critic", ["critic"]],
    ["@critics", []],
    ["@critic, please", ["critic"]],
    ["(@critic)", ["critic"]],
    ["@the-editor- look", ["the-editor"]],
    ["@all", KEYS],
    ["@critic @all", ["critic", "analyst", "the-editor"]],
    ["nobody@critic", []],
    ["me@critic.com", []],
    ["https://x.org/@critic", []],
    ["www.x.org/@critic", []],
    ["`@critic`", []],
    ["``a ` @critic``", []],
    ["```\n@critic\n```", []],
    ["```\n@critic", []],
    ["~~~py\n@critic\n~~~\n@analyst", ["analyst"]],
    ["` @critic", ["critic"]],
    ["a/@critic", []],
    ["é@critic", []],
    ["@unknown", []],
  ])("%j tags %j", (text, keys) => expect(taggedKeys(text, KEYS)).toEqual(keys));

  it("reads long texts without spaces", () => {
    // A search that is not linear takes minutes here and ends in the runner's time limit.
    for (const text of ["a".repeat(200_000), "a.".repeat(100_000), "@".repeat(200_000)])
      expect(taggedKeys(text, KEYS)).toEqual([]);
    expect(taggedKeys("a-".repeat(100_000) + " @critic", KEYS)).toEqual(["critic"]);
  });
});

it("says where a tag stands", () => {
  expect(findTags("hi @Critic!", KEYS)).toEqual([{ key: "critic", start: 3, end: 10 }]);
});

describe("typingTag", () => {
  it("finds the tag at the caret", () => {
    expect(typingTag("hi @cr", 6)).toEqual({ query: "cr", start: 3 });
    expect(typingTag("@", 1)).toEqual({ query: "", start: 0 });
    expect(typingTag("(@Cr", 4)).toEqual({ query: "cr", start: 1 });
  });
  it("is none within a word, an address or after a space", () => {
    expect(typingTag("me@cr", 5)).toBeNull();
    expect(typingTag("@cr x", 5)).toBeNull();
    expect(typingTag("x/@cr", 5)).toBeNull();
    expect(typingTag("@cr", 0)).toBeNull();
  });
});

it("finds the whole tag before the caret", () => {
  expect(tagBefore("hi @critic x", 10, KEYS)).toEqual({ key: "critic", start: 3, end: 10 });
  expect(tagBefore("hi @critic x", 11, KEYS)).toBeNull();
  expect(tagBefore("hi @crit", 8, KEYS)).toBeNull();
});
