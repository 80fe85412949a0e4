import { render, screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { Markdown } from "./Markdown";
import { GrowingBlocks, readBlocks } from "./blocks";
import { safeHref } from "./links";

const shown = (text: string) => render(<Markdown text={text} />).container;

describe("hostile text", () => {
  it.each([
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "before <iframe src='https://x.org'></iframe> after",
    "<svg onload=alert(1)>",
    "<style>*{display:none}</style>",
    "<a href='javascript:alert(1)'>x</a>",
    "<!-- comment -->",
    "<b>bold</b>",
  ])("shows %s as text", (text) => {
    const page = shown(text);
    expect(page.querySelector("img, script, iframe, svg, style, a, b")).toBeNull();
    expect(page.textContent).toBe(text);
  });

  it.each([
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:x)",
    "[x](file:///etc/passwd)",
    "[x](/api/v1/logout)",
    "[x](//evil.org)",
    "[x][1]\n\n[1]: javascript:alert(1)",
    "<javascript:alert(1)>",
  ])("makes no link of %s", (text) => {
    expect(shown(text).querySelector("a")).toBeNull();
  });

  it("opens allowed links elsewhere, without telling where from", () => {
    shown("[docs](https://example.com/a?b=1) <mailto:me@example.com>");
    const link = screen.getByRole("link", { name: "docs" });
    expect(link.getAttribute("href")).toBe("https://example.com/a?b=1");
    expect(link.getAttribute("rel")).toBe("noopener noreferrer");
    expect(screen.getAllByRole("link")).toHaveLength(2);
  });

  it("loads no image: a link names its host", () => {
    const page = shown("![chart](https://img.example.com/x.png?who=me) ![](data:image/png,x)");
    expect(page.querySelector("img")).toBeNull();
    expect(screen.getByRole("link").textContent).toBe("Image “chart” on img.example.com");
    expect(page.textContent).toContain("Image");
  });

  it.each([
    ["quotes", ">".repeat(20_000)],
    ["lists", Array.from({ length: 300 }, (_, n) => `${" ".repeat(2 * n)}- x`).join("\n")],
    ["brackets", "[".repeat(50_000)],
    ["stars", "*a ".repeat(20_000)],
    ["emphasis", "**".repeat(30_000)],
    ["ticks", "`".repeat(50_000)],
    ["a line of 200 kB", "word ".repeat(40_000)],
    ["a line of 200 kB without spaces", "x".repeat(200_000)],
    ["pipes", "|".repeat(50_000)],
    ["angle brackets", "<a ".repeat(60_000)],
    ["nested links", "[a](".repeat(30_000)],
  ])("survives %s", (_, text) => {
    const words = (some: string) => some.replaceAll(/[^a-z]/g, "");
    expect(words(shown(text).textContent).length).toBeGreaterThanOrEqual(
      words(text).length > 0 ? 1 : 0,
    );
  });

  it("shows the beginning of what is endless, and says so", () => {
    const page = shown("line\n".repeat(100_000));
    expect(page.textContent.length).toBeLessThan(201_000);
    expect(page.textContent).toContain("300,000 more characters are not shown");
  });

  it("keeps every word of a text that is too long to be read as markdown", () => {
    const text = "word ".repeat(40_000);
    expect(shown(text).textContent).toBe(text);
  });
});

describe("markdown", () => {
  it("starts headings below the card's", () => {
    const page = shown("# One\n\n## Two\n\n###### Six");
    expect([...page.querySelectorAll("h4, h5, h6")].map((h) => h.tagName)).toEqual([
      "H4",
      "H5",
      "H6",
    ]);
    expect(page.querySelector("h1, h2, h3")).toBeNull();
  });

  it("shows lists, tasks, quotes, tables and emphasis", () => {
    const page = shown(
      "1. a\n2. **b**\n\n- [x] done\n- [ ] open\n\n> quote\n\n| h | i |\n|---|---|\n| 1 | ~~2~~ |\n\n***",
    );
    expect(page.querySelectorAll("ol > li")).toHaveLength(2);
    expect(page.querySelectorAll("input[type=checkbox]")).toHaveLength(2);
    expect(page.querySelector("blockquote")?.textContent).toBe("quote");
    expect(screen.getByRole("columnheader", { name: "h" })).toBeTruthy();
    expect(page.querySelector("td del")?.textContent).toBe("2");
    expect(page.querySelector("hr")).not.toBeNull();
  });

  it("shows entities as characters, once", () => {
    expect(shown("a &lt;b&gt; &amp;lt; c").textContent).toBe("a <b> &lt; c");
    expect(shown("`&lt;`").textContent).toBe("&lt;");
  });

  it("colours a code block when its fence is closed", async () => {
    const { container, rerender } = render(<Markdown text={"```python\ndef f(): return 1"} live />);
    expect(container.querySelector("code")?.textContent).toBe("def f(): return 1");
    expect(container.querySelector("[class^=hljs]")).toBeNull();
    rerender(<Markdown text={"```python\ndef f(): return 1\n```\n"} live />);
    await waitFor(() => expect(container.querySelector(".hljs-keyword")?.textContent).toBe("def"));
    expect(container.querySelector("code")?.textContent).toBe("def f(): return 1");
  });
});

describe("a growing text", () => {
  const text =
    "# Title\n\nFirst *paragraph*\nwith two lines.\n\n- one\n- two\n\n  inside two\n\n" +
    "```js\nconst x = 1;\n\nconst y = 2;\n```\n\n> quote\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nLast 😀.";

  it("is read as if it had come at once, after every character", () => {
    const growing = new GrowingBlocks();
    let sofar = "";
    for (const character of text) {
      sofar += character;
      const raws = growing.read(sofar).map((block) => [block.type, block.raw]);
      expect(raws).toEqual(readBlocks(sofar).map((block) => [block.type, block.raw]));
    }
  });

  it("begins anew when the text does", () => {
    const growing = new GrowingBlocks();
    growing.read(text);
    expect(growing.read("Other").map((block) => block.raw)).toEqual(["Other"]);
  });
});

it("allows web and mail addresses only", () => {
  expect(safeHref("https://x.org")?.host).toBe("x.org");
  expect(safeHref("mailto:a@b.c")).not.toBeNull();
  for (const href of ["", "x", "/x", "ftp://x.org", " javascript:1", "blob:https://x.org/1"])
    expect(safeHref(href)).toBeNull();
});
