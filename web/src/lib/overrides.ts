/** What a form changes of a thing: only the fields that differ, so that a newer base shows through. */

/** Whether two values are alike as JSON, whatever the order of their keys. */
export function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one, sorted) === JSON.stringify(other, sorted);
}

function sorted(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** `overrides` with `part` put over them; what is as in `base` is no override. */
export function withPart<Fields extends object>(
  base: Fields,
  overrides: Partial<Fields>,
  part: Partial<Fields>,
): Partial<Fields> {
  const all = { ...overrides, ...part };
  const names = Object.keys(all) as (keyof Fields)[];
  const kept = names.filter((name) => !same(all[name], base[name]));
  return Object.fromEntries(kept.map((name) => [name, all[name]])) as Partial<Fields>;
}

/** The names of the fields that are not alike. */
export function differing<Fields extends object>(one: Fields, other: Fields): (keyof Fields)[] {
  return (Object.keys(other) as (keyof Fields)[]).filter((name) => !same(one[name], other[name]));
}
