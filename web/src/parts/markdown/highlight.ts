/** Colours for code, loaded when the first closed code block is shown. */

import bash from "highlight.js/lib/languages/bash";
import css from "highlight.js/lib/languages/css";
import go from "highlight.js/lib/languages/go";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import python from "highlight.js/lib/languages/python";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import { createLowlight } from "lowlight";
import { createElement, type ReactNode } from "react";

const low = createLowlight({
  bash,
  css,
  go,
  java,
  javascript,
  json,
  python,
  rust,
  sql,
  typescript,
  xml,
  yaml,
});

type Tree = ReturnType<typeof low.highlight>["children"];

/** `code` as coloured elements; `null` for a language that is not among the twelve. */
export function highlight(code: string, language: string): ReactNode[] | null {
  if (!low.registered(language)) return null;
  return elements(low.highlight(language, code).children);
}

function elements(nodes: Tree): ReactNode[] {
  return nodes.map((node, key) => {
    if (node.type === "text") return node.value;
    if (node.type !== "element") return null;
    const names = node.properties.className;
    const className = Array.isArray(names) ? names.join(" ") : undefined;
    return createElement("span", { key, className }, elements(node.children));
  });
}
