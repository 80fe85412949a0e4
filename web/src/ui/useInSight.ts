/** Rows that scroll sideways. */

import { type RefObject, useEffect } from "react";

const CHOSEN = '[aria-current="page"], [aria-selected="true"]';

/**
 * Scroll `row` sideways until its chosen tab stands in the middle, whenever `key` changes: which
 * tab that is, and which there are.
 */
export function useInSight(row: RefObject<HTMLElement | null>, key: string): void {
  useEffect(() => {
    const tab = row.current?.querySelector(CHOSEN);
    if (!row.current || !tab) return;
    const [outer, inner] = [row.current.getBoundingClientRect(), tab.getBoundingClientRect()];
    row.current.scrollBy(inner.left + inner.width / 2 - (outer.left + outer.width / 2), 0);
  }, [row, key]);
}
