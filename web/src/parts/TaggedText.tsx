import { type ReactNode } from "react";

import { ALL, findTags } from "../lib/mentions";

interface Props {
  text: string;
  seats: { key: string; color: number }[];
}

/** A user's text with its tags in their agents' colours. */
export function TaggedText({ text, seats }: Props) {
  const tags = findTags(
    text,
    seats.map((seat) => seat.key),
  );
  const parts: ReactNode[] = [];
  let at = 0;
  for (const tag of tags) {
    const seat = seats.find((candidate) => candidate.key === tag.key);
    parts.push(
      text.slice(at, tag.start),
      <span
        key={tag.start}
        className={tag.key === ALL ? "rounded-s bg-hover text-fg" : "tag"}
        data-c={seat?.color}
      >
        {text.slice(tag.start, tag.end)}
      </span>,
    );
    at = tag.end;
  }
  parts.push(text.slice(at));
  return <>{parts}</>;
}
