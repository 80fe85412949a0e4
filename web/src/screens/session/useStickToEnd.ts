/** Scrolling that follows the end only while the reader is there. */

import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

const NEAR = 48;

/**
 * Refs for the scrolling box and for what it holds; whether the reader is at the end; how to get
 * there. `resetKey` names what is shown: with another one the end is shown first. After
 * `holdPlace` what is being read stays where it is when another `firstKey` comes above it.
 */
export function useStickToEnd(resetKey: string, firstKey: string | undefined) {
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const stuck = useRef(true);
  const [atEnd, setAtEnd] = useState(true);

  const toEnd = useCallback(() => {
    stuck.current = true;
    setAtEnd(true);
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  }, []);

  useEffect(() => {
    const scroller = box.current;
    const inside = content.current;
    if (!scroller || !inside) return;
    toEnd();
    let top = scroller.scrollTop;
    const onScroll = () => {
      const gap = scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;
      // Only the reader scrolls up; growing content moves the end away, not the reader.
      if (scroller.scrollTop < top - 1 && gap > NEAR) stuck.current = false;
      if (gap <= NEAR) stuck.current = true;
      top = scroller.scrollTop;
      setAtEnd(stuck.current);
    };
    const grown = new ResizeObserver(() => {
      const gap = scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;
      if (gap <= NEAR) {
        stuck.current = true;
        setAtEnd(true);
      }
      if (stuck.current) scroller.scrollTop = scroller.scrollHeight;
      top = scroller.scrollTop;
    });
    scroller.addEventListener("scroll", onScroll, { passive: true });
    grown.observe(inside);
    grown.observe(scroller);
    return () => {
      scroller.removeEventListener("scroll", onScroll);
      grown.disconnect();
    };
  }, [resetKey, toEnd]);

  const held = useRef<{ child: Element; top: number } | null>(null);
  const holdPlace = useCallback(() => {
    const child = content.current?.querySelector("section");
    held.current = child ? { child, top: child.getBoundingClientRect().top } : null;
  }, []);
  useLayoutEffect(() => {
    if (!held.current || !box.current) return;
    const { child, top } = held.current;
    held.current = null;
    box.current.scrollTop += child.getBoundingClientRect().top - top;
  }, [firstKey]);

  return { box, content, atEnd, toEnd, holdPlace };
}
