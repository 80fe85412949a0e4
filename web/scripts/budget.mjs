/**
 * Fails when the built page is heavier than page.md allows, in kB (1,000 bytes) after gzip.
 * Initial = what index.html itself names; every other script is a lazy chunk.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const LIMITS = { "initial JS": 200, CSS: 20, "lazy chunk": 60 };
const root = process.argv[2] ?? join(import.meta.dirname, "../../pantheon/static");

if (!existsSync(join(root, "index.html"))) {
  console.error(`There is no built page in ${root}: run "npm run build" first.`);
  process.exit(1);
}
const html = readFileSync(join(root, "index.html"), "utf8");
const files = readdirSync(join(root, "assets"));
const size = (file) =>
  gzipSync(readFileSync(join(root, "assets", file)), { level: 9 }).length / 1000;
const total = (some) => some.reduce((sum, file) => sum + size(file), 0);

const scripts = files.filter((file) => file.endsWith(".js"));
const initial = scripts.filter((file) => html.includes(`/assets/${file}`));
const lazy = scripts.filter((file) => !initial.includes(file));
const measured = [
  ["initial JS", total(initial), "initial JS"],
  ["CSS", total(files.filter((file) => file.endsWith(".css"))), "CSS"],
  ...lazy.map((file) => [`lazy ${file}`, size(file), "lazy chunk"]),
];
let over = false;
for (const [name, kilobytes, kind] of measured) {
  const limit = LIMITS[kind];
  over ||= kilobytes > limit;
  console.log(
    `${kilobytes > limit ? "OVER " : "     "}${name}: ${kilobytes.toFixed(1)} of ${limit} kB`,
  );
}
process.exit(over ? 1 : 0);
