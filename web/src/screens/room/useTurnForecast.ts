/** What a turn of a room would cost. */

import { skipToken, useQuery } from "@tanstack/react-query";

import { forecast, sessions } from "../../api/queries";
import type { Forecast, Mode, NewTurn, Room } from "../../api/types";
import { room as words } from "../../lib/strings.room";

/** The forecast of a short question in the room's newest session; `undefined` without one. */
export function useTurnForecast(room: Room | null, mode: Mode): Forecast | undefined {
  const session = useQuery(sessions).data?.find((other) => other.room_id === room?.id);
  const awake = room?.agents.filter((seat) => !seat.muted).map((seat) => seat.key) ?? [];
  const body: NewTurn = {
    input: words.sample,
    mode,
    // A tag names those who answer; without one nobody would.
    ...(mode === "manual" && { agents: awake }),
  };
  const asked = forecast(session?.id ?? "", `${room?.version}`, body);
  const answer = useQuery({
    ...asked,
    queryFn: session && awake.length > 0 ? asked.queryFn : skipToken,
  });
  return answer.data;
}
