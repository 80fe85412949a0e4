import { describe, expect, it } from "vitest";

import type { Agent } from "../../api/types";

import { type AgentFields, estimateTokens, faultsOf, freshFields, keyFor } from "./fields";

const FIELDS: AgentFields = {
  name: "Skeptic",
  key: "skeptic",
  color: 3,
  model: "demo/skeptic",
  role_prompt: "",
  parameters: {},
  context: { policy: "everything" },
};

describe("keyFor", () => {
  it("makes a key of a name", () => {
    expect(keyFor("Dr. Élise Moreau", new Set())).toBe("dr-elise-moreau");
    expect(keyFor("3rd reader", new Set())).toBe("rd-reader");
    expect(keyFor("議長", new Set())).toBe("");
  });

  it("takes no other agent's key, nor the word for everybody", () => {
    expect(keyFor("Skeptic", new Set(["skeptic", "skeptic2"]))).toBe("skeptic3");
    expect(keyFor("All", new Set())).toBe("all2");
  });
});

describe("faultsOf", () => {
  it("finds none in a whole agent", () => expect(faultsOf(FIELDS, [])).toEqual({}));

  it("names each field that is not right", () => {
    const faults = faultsOf({ ...FIELDS, name: " ", key: "9", model: "" }, []);
    expect(Object.keys(faults)).toEqual(["name", "key", "model"]);
  });

  it("knows a key that another agent has", () => {
    expect(faultsOf(FIELDS, [{ key: "skeptic" }]).key).toContain("@skeptic");
  });
});

describe("freshFields", () => {
  it("takes the colour that is used least, and the newest agent's model", () => {
    const others = [1, 2, 3, 4, 6, 7, 8].map((color) => ({ color, model: "demo/a" }) as Agent);
    expect(freshFields(others, "x/y")).toMatchObject({ color: 5, model: "demo/a" });
    expect(freshFields([], "x/y")).toMatchObject({ color: 1, model: "x/y" });
  });
});

it("counts tokens as the server does", () => {
  expect([estimateTokens(""), estimateTokens("abcd"), estimateTokens("äöü")]).toEqual([0, 2, 2]);
});
