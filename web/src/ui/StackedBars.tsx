import { useId } from "react";

export interface StackedBar {
  label: string;
  /** What is told of it where a pointer rests on it. */
  title: string;
  parts: number[];
}

interface Props {
  /** What the picture shows, in words. */
  label: string;
  bars: StackedBar[];
  /** `data-c` of each part, from the bottom up; 0 is grey. */
  colors: number[];
  /** Values of the lines, from 0 upwards; the last is the top. */
  ticks: number[];
  tick: (value: number) => string;
}

const HEIGHT = 176;
const WIDTH = 0.64;
const LABELS = 6;

/** Stacked bars, drawn by hand: no library would be lighter. */
export function StackedBars({ label, bars, colors, ticks, tick }: Props) {
  const id = useId();
  const top = ticks.at(-1) ?? 1;
  const scale = top > 0 ? HEIGHT / top : 0;
  const every = Math.max(1, Math.round(bars.length / LABELS));
  return (
    <div className="bars num" role="img" aria-label={label}>
      <div className="bars-axis" aria-hidden>
        {ticks.map((value) => (
          <span key={value} style={{ bottom: `${(value * scale * 100) / HEIGHT}%` }}>
            {tick(value)}
          </span>
        ))}
      </div>
      <svg
        className="bars-field"
        viewBox={`0 0 ${bars.length} ${HEIGHT}`}
        preserveAspectRatio="none"
        aria-hidden
      >
        {ticks.map((value) => (
          <line
            key={value}
            x1="0"
            x2={bars.length}
            y1={HEIGHT - value * scale}
            y2={HEIGHT - value * scale}
            vectorEffect="non-scaling-stroke"
          />
        ))}
        {bars.map((bar, at) => (
          <g key={`${id}${bar.label}`}>
            <title>{bar.title}</title>
            {/* The whole column answers to the pointer, also above a low bar. */}
            <rect x={at} y="0" width="1" height={HEIGHT} fill="transparent" />
            {stacked(bar.parts, scale).map(({ y, height, index }) => (
              <rect
                key={index}
                className="bars-part"
                data-c={colors[index]}
                x={at + (1 - WIDTH) / 2}
                y={y}
                width={WIDTH}
                height={height}
              />
            ))}
          </g>
        ))}
      </svg>
      <div className="bars-days" aria-hidden>
        {bars.map(
          (bar, at) =>
            at % every === 0 && (
              <span key={bar.label} style={{ left: `${((at + 0.5) / bars.length) * 100}%` }}>
                {bar.label}
              </span>
            ),
        )}
      </div>
    </div>
  );
}

/** Where each part stands; a hair of space between two, and nothing too low to be seen is lost. */
function stacked(parts: number[], scale: number) {
  let from = HEIGHT;
  return parts.flatMap((part, index) => {
    if (part <= 0) return [];
    const height = Math.max(1, part * scale);
    from -= height;
    return [{ y: from, height: Math.max(0.75, height - 1), index }];
  });
}
