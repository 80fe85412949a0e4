import { AtSign } from "lucide-react";

import { ALL } from "../../lib/mentions";
import { t } from "../../lib/strings";
import type { useListBox } from "../../ui/useListBox";
import { Avatar } from "../Avatar";

import type { SeatChoice } from "./whoAnswers";

export type Choice = SeatChoice | typeof ALL;

export const isMuted = (choice: Choice) => choice !== ALL && choice.muted;
export const keyOf = (choice: Choice) => (choice === ALL ? ALL : choice.key);

/** Whom `query` may mean: keys and names that begin with it, then those that hold it; all last. */
export function matching(query: string, seats: SeatChoice[]): Choice[] {
  const rank = (seat: SeatChoice): number => {
    const words = [seat.key, seat.name.toLowerCase()];
    if (words.some((word) => word.startsWith(query))) return 0;
    return words.some((word) => word.includes(query)) ? 1 : 2;
  };
  const found = seats.filter((seat) => rank(seat) < 2).sort((a, b) => rank(a) - rank(b));
  return seats.length > 1 && ALL.startsWith(query) ? [...found, ALL] : found;
}

interface Props {
  choices: Choice[];
  list: ReturnType<typeof useListBox<Choice>>;
  onChoose: (choice: Choice) => void;
}

/** The agents that can be named, above the text box. */
export function MentionList({ choices, list, onChoose }: Props) {
  return (
    <ul
      {...list.listProps}
      aria-label={t.composer.agents}
      className="pop absolute bottom-full left-2 mb-2"
    >
      {choices.map((choice, index) => (
        // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions -- the text box keeps the focus and handles the keys
        <li
          key={keyOf(choice)}
          {...list.optionProps(index)}
          className="pop-item"
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => !isMuted(choice) && onChoose(choice)}
        >
          {choice === ALL ? (
            <>
              <AtSign className="icon mx-0.5" aria-hidden />
              <span className="flex-1">{t.composer.all}</span>
            </>
          ) : (
            <>
              <Avatar name={choice.name} color={choice.color} size="s" off={choice.muted} />
              <span className="cut flex-1">{choice.name}</span>
            </>
          )}
          <span className="font-mono text-12 text-fg-3">@{keyOf(choice)}</span>
          {isMuted(choice) && <span className="text-12 text-fg-3">{t.composer.muted}</span>}
        </li>
      ))}
    </ul>
  );
}
