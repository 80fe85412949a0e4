import { ChevronDown, Square } from "lucide-react";

import { t } from "../../lib/strings";
import { IconButton } from "../../ui/IconButton";
import { Menu, MenuItem } from "../../ui/Menu";

export type StopWhen = "now" | "after_step";

interface Props {
  stopping: boolean;
  /** The turn goes in order: it can end after the agent that answers now. */
  inOrder: boolean;
  onStop: (when: StopWhen) => void;
}

/** Ends the running turn, at once or when the agent that answers now is done. */
export function StopButton({ stopping, inOrder, onStop }: Props) {
  const square = <Square className="size-2.5" fill="currentColor" aria-hidden />;
  const choices = (
    <>
      <MenuItem onSelect={() => onStop("now")}>{t.composer.stopNow}</MenuItem>
      <MenuItem onSelect={() => onStop("after_step")}>{t.composer.stopAfter}</MenuItem>
    </>
  );
  return (
    <>
      <span className="inline-flex phone:hidden">
        <button
          type="button"
          className={`btn btn-bad ${inOrder ? "rounded-r-none border-r-0" : ""}`}
          disabled={stopping}
          onClick={() => onStop("now")}
        >
          {square}
          {stopping ? t.composer.stopping : t.composer.stop}
        </button>
        {inOrder && (
          <Menu
            side="top"
            align="end"
            trigger={
              <button
                type="button"
                className="btn btn-bad rounded-l-none px-1.5"
                aria-label={t.composer.stopMore}
                title={t.composer.stopMore}
                disabled={stopping}
              >
                <ChevronDown className="icon icon-s" aria-hidden />
              </button>
            }
          >
            {choices}
          </Menu>
        )}
      </span>
      <span className="desk:hidden">
        {inOrder && !stopping ? (
          <Menu
            side="top"
            align="end"
            trigger={
              <button type="button" className="send" aria-label={t.composer.stop}>
                {square}
              </button>
            }
          >
            {choices}
          </Menu>
        ) : (
          <IconButton
            label={stopping ? t.composer.stopping : t.composer.stop}
            className="send"
            disabled={stopping}
            onClick={() => onStop("now")}
          >
            {square}
          </IconButton>
        )}
      </span>
    </>
  );
}
