import { Pin, Plus, Settings2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Link } from "wouter";

import type { Place } from "../api/calls";
import type { Session } from "../api/types";
import { t } from "../lib/strings";
import { isIn, useNewSession } from "../parts/useNewSession";
import { IconButton } from "../ui/IconButton";

import { LiveDot } from "./LiveDot";

interface Props {
  place: Place;
  name: string;
  icon: ReactNode;
  sessions: Session[];
  /** The id of the session that is shown. */
  current: string | undefined;
}

const SHOWN = 6;

/** A room or an agent, and the sessions in it. */
export function PlaceRow({ place, name, icon, sessions, current }: Props) {
  const own = sessions
    .filter((session) => isIn(session, place))
    // The server has them by their last activity.
    .sort((a, b) => Number(b.pinned) - Number(a.pinned));
  const here = own.some((session) => session.id === current);
  const [unfolded, setUnfolded] = useState<boolean | null>(null);
  const [all, setAll] = useState(false);
  const open = unfolded ?? here;
  const add = useNewSession();
  const first = own.slice(0, SHOWN);
  const rest = own.slice(SHOWN);
  const shown = all ? own : [...first, ...rest.filter((session) => session.id === current)];
  return (
    <div className="group">
      <div className="side-row relative">
        <button
          type="button"
          className={`side-item w-full pointer-coarse:pr-24 ${here && !open ? "side-on" : ""}`}
          aria-expanded={open}
          onClick={() => setUnfolded(!open)}
        >
          {icon}
          <span className="cut flex-1 text-left">{name}</span>
          {!open && own.length > 0 && (
            <span className="side-count num text-12 text-fg-3">{own.length}</span>
          )}
        </button>
        <Link
          href={`/${place.kind}/${place.id}`}
          className="ib ib-s side-add side-edit"
          aria-label={t.shell.editPlace(name)}
          title={t.shell.editPlace(name)}
        >
          <Settings2 className="icon icon-s" aria-hidden />
        </Link>
        <IconButton
          label={t.shell.newSessionIn(name)}
          small
          className="side-add"
          disabled={add.isPending}
          onClick={() => {
            setUnfolded(true);
            add.mutate(place);
          }}
        >
          <Plus className="icon icon-s" aria-hidden />
        </IconButton>
      </div>
      {open && (
        <ul>
          {shown.map((session) => (
            <li key={session.id}>
              <Link
                href={`/s/${session.id}`}
                className={`side-item side-sub ${session.id === current ? "side-here" : ""}`}
                aria-current={session.id === current ? "page" : undefined}
              >
                <span className="cut flex-1">{session.name ?? t.shell.untitled}</span>
                {session.pinned && (
                  <Pin className="icon icon-s text-fg-3" aria-label={t.session.pinned} />
                )}
                <LiveDot sessionId={session.id} />
              </Link>
            </li>
          ))}
          {shown.length < own.length && (
            <li>
              <button
                type="button"
                className="side-item side-sub w-full text-fg-3"
                onClick={() => setAll(true)}
              >
                {t.shell.showAll(own.length - shown.length)}
              </button>
            </li>
          )}
          {own.length === 0 && (
            <li>
              <button
                type="button"
                className="side-item side-sub w-full text-fg-3"
                onClick={() => add.mutate(place)}
              >
                {t.shell.newSession}
              </button>
            </li>
          )}
        </ul>
      )}
      {add.error && (
        <p role="alert" className="px-2 py-1 text-12 text-bad">
          {add.error.message}
        </p>
      )}
    </div>
  );
}
