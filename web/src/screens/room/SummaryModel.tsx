import { room as words } from "../../lib/strings.room";
import { ModelPicker } from "../../parts/ModelPicker";
import { Options } from "../../ui/Options";

interface Props {
  value: string | null;
  /** The model that a choice begins with. */
  first: string;
  onChange: (model: string | null) => void;
}

/** Which model writes the summaries of older turns. */
export function SummaryModel({ value, first, onChange }: Props) {
  const kind = value === null ? "own" : "model";
  return (
    <Options
      label={words.summaries}
      labelHidden
      value={kind}
      onChange={(picked) => onChange(picked === "own" ? null : first)}
      options={[
        { value: "own", ...words.summaryKinds.own },
        {
          value: "model",
          ...words.summaryKinds.model,
          more: (
            <div className="pt-2 pb-1 pl-6">
              <ModelPicker label={words.summaryModel} value={value ?? ""} onChange={onChange} />
            </div>
          ),
        },
      ]}
    />
  );
}
