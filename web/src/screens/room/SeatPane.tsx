import { Ellipsis } from "lucide-react";

import type { Agent, Context, Room } from "../../api/types";
import { agent as words, room as roomWords } from "../../lib/strings.room";
import { AgentForm } from "../../parts/agent/AgentForm";
import { AgentPane } from "../../parts/agent/AgentPane";
import { PromptHistory } from "../../parts/agent/PromptHistory";
import { SeesChoice } from "../../parts/agent/SeesChoice";
import { TestCall } from "../../parts/agent/TestCall";
import { type AgentFields, type Faults } from "../../parts/agent/fields";
import { IconButton } from "../../ui/IconButton";
import { Menu, MenuItem } from "../../ui/Menu";

import type { SeatDraft } from "./draft";

interface Props {
  agent: Agent;
  fields: AgentFields;
  faults: Faults;
  onChange: (part: Partial<AgentFields>) => void;
  seat: SeatDraft;
  /** What the agent sees in this room only; `null`: as everywhere. */
  onContext: (context: Context | null) => void;
  /** All rooms, to say where else the agent sits. */
  rooms: Room[];
  unsaved: boolean;
  onUnseat: () => void;
  onClose: () => void;
}

/** The editor of the agent on the chosen seat. */
export function SeatPane(props: Props) {
  const { agent, fields, seat } = props;
  const used = props.rooms.filter((room) =>
    room.agents.some((other) => other.agent_id === agent.id),
  ).length;
  const own = seat.context !== null;
  return (
    <AgentPane
      fields={fields}
      help={words.usedIn(used)}
      onClose={props.onClose}
      menu={
        <Menu
          align="end"
          trigger={
            <IconButton label={words.menu} small>
              <Ellipsis className="icon" aria-hidden />
            </IconButton>
          }
        >
          <MenuItem onSelect={props.onUnseat}>{roomWords.unseat(fields.name)}</MenuItem>
        </Menu>
      }
    >
      <AgentForm
        fields={fields}
        faults={props.faults}
        onChange={props.onChange}
        prompts={
          <PromptHistory agent={agent} onUse={(text) => props.onChange({ role_prompt: text })} />
        }
        sees={
          <div className="grid gap-2">
            <SeesChoice
              value={seat.context ?? fields.context}
              onChange={(context) =>
                own ? props.onContext(context) : props.onChange({ context })
              }
            />
            <label className="flex items-start gap-2 text-13">
              <input
                type="checkbox"
                checked={own}
                onChange={(event) => props.onContext(event.target.checked ? fields.context : null)}
              />
              {words.seesHere}
            </label>
          </div>
        }
      />
      <div className="pt-5">
        <TestCall key={agent.id} agentId={agent.id} unsaved={props.unsaved} />
      </div>
    </AgentPane>
  );
}
