/** What the server finds for the palette's text. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useLocation } from "wouter";

import { agents, search } from "../api/queries";
import { t } from "../lib/strings";
import { cardId } from "../parts/steps";

import type { Choice } from "./choices";

const DEBOUNCE_MS = 200;
/** Fewer letters are found everywhere. */
const LEAST = 2;

/** Answers and messages with the words of `text`, asked for once the typing pauses. */
export function useFound(text: string): Choice[] {
  const wanted = text.trim();
  const [settled, setSettled] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSettled(wanted), DEBOUNCE_MS);
    return () => clearTimeout(timer);
  }, [wanted]);
  const known = useQuery(agents).data ?? [];
  const [, navigate] = useLocation();
  const answer = useQuery({
    ...search(settled),
    enabled: settled.length >= LEAST,
    placeholderData: keepPreviousData,
  });
  if (wanted.length < LEAST) return [];
  return (answer.data?.items ?? []).map((found) => {
    const agent = known.find((other) => other.key === found.agent_key);
    const who = found.role === "user" ? t.session.you : (agent?.name ?? found.agent_key ?? "");
    return {
      id: found.message_id,
      group: "messages",
      name: found.excerpt.replace(/\s+/g, " "),
      hint: [who, found.session_name ?? t.shell.untitled].join(", "),
      run: () => {
        const anchor = found.step_id ? cardId({ id: found.step_id }) : `turn-${found.turn_id}`;
        navigate(`/s/${found.session_id}#${anchor}`);
      },
    };
  });
}
