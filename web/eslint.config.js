import { readdirSync } from "node:fs";

import js from "@eslint/js";
import importPlugin from "eslint-plugin-import";
import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

/** Imports go down only: app → screens → parts → ui | api → lib. */
const above = {
  lib: ["app", "screens", "parts", "ui", "api"],
  api: ["app", "screens", "parts", "ui"],
  ui: ["app", "screens", "parts", "api"],
  parts: ["app", "screens"],
  screens: ["app"],
};
const layers = Object.entries(above).flatMap(([folder, others]) =>
  others.map((other) => ({ target: `./src/${folder}`, from: `./src/${other}` })),
);
/** Screens do not know each other. */
const screens = readdirSync("src/screens").map((name) => ({
  target: `./src/screens/${name}`,
  from: "./src/screens",
  except: [`./${name}`],
}));

const NO_HTML = "Text becomes elements, never HTML: see parts/Markdown.tsx.";

export default tseslint.config(
  { ignores: ["node_modules", "test-results", "src/api/schema.d.ts"] },
  js.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    extends: [
      ...tseslint.configs.recommendedTypeChecked,
      reactHooks.configs.flat["recommended-latest"],
      jsxA11y.flatConfigs.recommended,
    ],
    plugins: { import: importPlugin },
    languageOptions: { parserOptions: { projectService: true } },
    settings: { "import/resolver": { node: { extensions: [".ts", ".tsx"] } } },
    rules: {
      "import/no-restricted-paths": [
        "error",
        { basePath: import.meta.dirname, zones: [...layers, ...screens] },
      ],
      "import/no-cycle": "error",
      "import/order": ["error", { "newlines-between": "always", alphabetize: { order: "asc" } }],
      "no-restricted-syntax": [
        "error",
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: NO_HTML },
        { selector: "MemberExpression[property.name=/^(inner|outer)HTML$/]", message: NO_HTML },
        { selector: "MemberExpression[property.name='insertAdjacentHTML']", message: NO_HTML },
      ],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/no-misused-promises": [
        "error",
        { checksVoidReturn: { attributes: false } },
      ],
      // What scrolls must be reachable by keyboard, so these may take the focus.
      "jsx-a11y/no-noninteractive-tabindex": ["error", { roles: ["group", "log", "region"], tags: ["pre"] }],
      eqeqeq: "error",
    },
  },
  {
    files: ["scripts/**", "*.js"],
    languageOptions: { globals: { console: "readonly", process: "readonly" } },
  },
);
