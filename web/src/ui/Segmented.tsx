import { type KeyboardEvent, type ReactNode, useRef } from "react";

export interface Segment<Value extends string> {
  value: Value;
  label: string;
  icon: ReactNode;
}

interface Props<Value extends string> {
  label: string;
  segments: Segment<Value>[];
  value: Value;
  onChange: (value: Value) => void;
  className?: string;
}

const STEPS: Record<string, number> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** One of a few, side by side; arrows move, as in any group of radio buttons. */
export function Segmented<Value extends string>(props: Props<Value>) {
  const { label, segments, value, onChange, className = "" } = props;
  const group = useRef<HTMLDivElement>(null);

  function onKeyDown(event: KeyboardEvent) {
    const by = STEPS[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const at = segments.findIndex((segment) => segment.value === value);
    const next = (at + by + segments.length) % segments.length;
    const segment = segments[next];
    if (!segment) return;
    onChange(segment.value);
    group.current?.querySelectorAll<HTMLElement>("[role=radio]")[next]?.focus();
  }

  return (
    // eslint-disable-next-line jsx-a11y/interactive-supports-focus -- its radio buttons take the focus, and these are their keys
    <div
      ref={group}
      className={`seg ${className}`}
      role="radiogroup"
      aria-label={label}
      onKeyDown={onKeyDown}
    >
      {segments.map((segment) => (
        <button
          key={segment.value}
          type="button"
          role="radio"
          aria-checked={segment.value === value}
          aria-label={segment.label}
          title={segment.label}
          tabIndex={segment.value === value ? 0 : -1}
          onClick={() => onChange(segment.value)}
        >
          {segment.icon}
          <span className="lb">{segment.label}</span>
        </button>
      ))}
    </div>
  );
}
