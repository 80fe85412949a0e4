import { Columns3, PanelRight, Rows3 } from "lucide-react";

import type { Timeline } from "../../api/timeline";
import { addDecimals, isFree, usd } from "../../lib/format";
import { t } from "../../lib/strings";
import { ScreenHead } from "../../parts/ScreenHead";
import type { View } from "../../parts/TurnCard";
import { IconButton } from "../../ui/IconButton";
import { Segmented } from "../../ui/Segmented";

import { SessionMenu } from "./SessionMenu";
import type { Place } from "./usePlace";

interface Props {
  name: string;
  place: Place | undefined;
  timeline: Timeline | undefined;
  view: View;
  onView: (view: View) => void;
  onPrint: () => void;
  panel: boolean;
  onPanel: (panel: boolean) => void;
}

const ICONS = {
  timeline: <Rows3 className="icon" aria-hidden />,
  columns: <Columns3 className="icon" aria-hidden />,
};
const VIEWS = ["timeline", "columns"] as const;

/** The bar over a session: where it is, what it costs, how it is shown. */
export function SessionHead(props: Props) {
  const { name, place, timeline, view, onView, onPrint, panel, onPanel } = props;
  const several = (place?.seats.length ?? 0) > 1;
  return (
    <ScreenHead
      within={place?.name}
      title={name}
      menu={
        timeline && (
          <SessionMenu session={timeline.session} name={name} onPrint={onPrint} />
        )
      }
    >
      {timeline && <SessionCost timeline={timeline} />}
      {several && (
        <Segmented
          className="view-switch"
          label={t.session.view}
          value={view}
          onChange={onView}
          segments={VIEWS.map((value) => ({
            value,
            label: t.session.views[value],
            icon: ICONS[value],
          }))}
        />
      )}
      <IconButton
        label={t.panel.show}
        aria-pressed={panel}
        className="hidden min-[1280px]:inline-flex"
        onClick={() => onPanel(!panel)}
      >
        <PanelRight className="icon" aria-hidden />
      </IconButton>
    </ScreenHead>
  );
}

/** What the session has cost; nothing while older turns are not loaded. */
function SessionCost({ timeline }: { timeline: Timeline }) {
  const cost = addDecimals(timeline.turns.map((turn) => turn.usage.cost_usd));
  if (timeline.olderCursor !== null || cost === null || isFree(cost)) return null;
  return <span className="chip phone:hidden">{t.session.cost(usd(cost))}</span>;
}
