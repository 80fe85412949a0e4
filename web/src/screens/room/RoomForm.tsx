import { useQuery } from "@tanstack/react-query";

import { info } from "../../api/queries";
import type { Agent, Forecast } from "../../api/types";
import { usdRange } from "../../lib/format";
import { room as words } from "../../lib/strings.room";
import type { AgentFields } from "../../parts/agent/fields";
import { seesWords } from "../../parts/sees";
import { Options } from "../../ui/Options";

import { Block } from "./Block";
import { Limits } from "./Limits";
import { ManagerChoice } from "./ManagerChoice";
import { ModeCards } from "./ModeCards";
import type { SeatView } from "./SeatRow";
import { Seats } from "./Seats";
import { SummaryModel } from "./SummaryModel";
import { TurnCost } from "./TurnCost";
import type { RoomFields, SeatDraft } from "./draft";

interface Props {
  fields: RoomFields;
  seats: SeatDraft[];
  /** The workspace's agents, and each as its editor has it. */
  agents: Agent[];
  agentFields: (agent: Agent) => AgentFields;
  onFields: (part: Partial<RoomFields>) => void;
  onSeats: (seats: SeatDraft[]) => void;
  /** Whose editor is open. */
  openId: string | null;
  onOpen?: ((agentId: string) => void) | undefined;
  onUnseat?: ((agentId: string) => void) | undefined;
  onNewAgent: () => void;
  forecast: Forecast | undefined;
  unsaved: boolean;
  /** Saving was tried: what is missing is said. */
  tried: boolean;
}

const ROOM_MODES = ["manual", "roundtable", "orchestrator"] as const;
const MENTIONS = ["override", "first", "ignore"] as const;
const APPROVALS = {
  direct: [],
  manual: [],
  roundtable: ["never", "each_agent"],
  orchestrator: ["never", "plan", "each_round"],
} as const;

/** All that can be said of a room. */
export function RoomForm(props: Props) {
  const { fields, seats, agents, onFields, onSeats, forecast } = props;
  const known = useQuery(info).data?.modes ?? [];
  const seated = seats.flatMap((seat) => agents.find((agent) => agent.id === seat.agent_id) ?? []);
  const views = seats.map((seat) => viewOf(seat, props));
  const firstModel = seated[0]?.model ?? "";
  const approvals = APPROVALS[fields.mode];
  const change = (id: string, part: Partial<SeatDraft>) =>
    onSeats(seats.map((seat) => (seat.agent_id === id ? { ...seat, ...part } : seat)));
  const goalMissing = fields.mode === "orchestrator" && fields.goal.trim() === "";
  return (
    <>
      <Block title={words.about} help={words.aboutHelp}>
        <div className="grid gap-3">
          <label className="field">
            <span>{words.name}</span>
            <input
              className="box"
              value={fields.name}
              maxLength={200}
              aria-invalid={(props.tried && fields.name.trim() === "") || undefined}
              onChange={(event) => onFields({ name: event.target.value })}
            />
            {props.tried && fields.name.trim() === "" && (
              <small className="text-12 text-bad">{words.nameRequired}</small>
            )}
          </label>
          <label className="field">
            <span>{words.goal}</span>
            <textarea
              className="box max-h-60 min-h-16 field-sizing-content"
              rows={2}
              value={fields.goal}
              placeholder={words.goalOptional}
              maxLength={200_000}
              aria-invalid={goalMissing || undefined}
              onChange={(event) => onFields({ goal: event.target.value })}
            />
            {goalMissing && <small className="text-12 text-bad">{words.goalRequired}</small>}
          </label>
        </div>
      </Block>
      <Block title={words.mode} help={words.modeHelp}>
        <ModeCards
          modes={ROOM_MODES.filter((mode) => known.includes(mode))}
          value={fields.mode}
          onChange={(mode) => onFields({ mode })}
        />
      </Block>
      <Block title={words.seats} help={words.seatsHelp}>
        <Seats
          seats={views}
          openId={props.openId}
          onOpen={props.onOpen}
          onUnseat={props.onUnseat}
          onMuted={(id, muted) => change(id, { muted })}
          onOrder={(ids) =>
            onSeats(ids.flatMap((id) => seats.find((seat) => seat.agent_id === id) ?? []))
          }
          others={agents.filter((agent) => !seated.includes(agent))}
          onAdd={(agent) =>
            onSeats([...seats, { agent_id: agent.id, muted: false, context: null }])
          }
          onNew={props.onNewAgent}
        />
      </Block>
      {fields.mode === "orchestrator" && (
        <Block title={words.manager} help={words.managerHelp}>
          <ManagerChoice
            value={fields.manager}
            agents={seated}
            model={firstModel}
            onChange={(manager) => onFields({ manager })}
          />
        </Block>
      )}
      {approvals.length > 0 && (
        <Block title={words.approve} help={words.approveHelp}>
          <Options
            label={words.approve}
            labelHidden
            // What was chosen for another mode asks for nothing in this one.
            value={approvals.find((name) => name === fields.approve) ?? "never"}
            onChange={(approve) => onFields({ approve })}
            options={approvals.map((value) => ({ value, ...words.approvals[value] }))}
          />
        </Block>
      )}
      <Block title={words.mentions}>
        <div className="grid gap-3 pt-2">
          <Options
            label={words.mentions}
            labelHidden
            value={fields.mentions}
            onChange={(mentions) => onFields({ mentions })}
            options={MENTIONS.map((value) => ({ value, ...words.mentionsChoices[value] }))}
          />
          <label className="field max-w-72">
            <span>{words.order}</span>
            <select
              className="box"
              value={fields.order}
              onChange={(event) => onFields({ order: event.target.value as RoomFields["order"] })}
            >
              <option value="parallel">{words.orders.parallel}</option>
              <option value="sequence">{words.orders.sequence}</option>
            </select>
          </label>
        </div>
      </Block>
      <Block title={words.summaries} help={words.summariesHelp}>
        <SummaryModel
          value={fields.summary_model}
          first={firstModel}
          onChange={(summary_model) => onFields({ summary_model })}
        />
      </Block>
      <Block title={words.limits} help={words.limitsHelp}>
        <Limits fields={fields} onChange={(limits) => onFields({ limits })} />
      </Block>
      <TurnCost forecast={forecast} unsaved={props.unsaved} />
    </>
  );
}

function viewOf(seat: SeatDraft, { agents, agentFields, forecast }: Props): SeatView {
  const agent = agents.find((other) => other.id === seat.agent_id);
  const fields = agent && agentFields(agent);
  const part = forecast?.agents.find((other) => other.key === agent?.key);
  return {
    id: seat.agent_id,
    name: fields?.name ?? "",
    key: fields?.key ?? "",
    color: fields?.color ?? 0,
    model: fields?.model ?? "",
    sees: seesWords(seat.context ?? fields?.context),
    muted: seat.muted,
    cost: part && costWords(part),
  };
}

function costWords({ cost_usd: cost }: Forecast["agents"][number]): string {
  return cost === null ? words.unpriced : usdRange(cost.low, cost.high);
}
