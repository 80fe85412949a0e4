interface Props {
  name: string;
  /** Its colour, 1 to 8; "manager" is ink. */
  color: number | "manager";
  size?: "m" | "s" | "xs";
  /** Grey: it is there, but gave nothing. */
  off?: boolean;
}

/** An agent's letter in its colour. The name stands beside it, so it is hidden from readers. */
export function Avatar({ name, color, size = "m", off = false }: Props) {
  const classes = `av ${size === "m" ? "" : `av-${size}`} ${off ? "av-off" : ""}`;
  return (
    <span className={classes} data-c={color} aria-hidden>
      {[...name.trim()][0]?.toUpperCase() ?? "?"}
    </span>
  );
}

/** Up to three colours that stand for a room. */
export function RoomDots({ colors }: { colors: number[] }) {
  return (
    <span className="dots" aria-hidden>
      {(colors.length > 0 ? colors.slice(0, 3) : [undefined]).map((color, index) => (
        <i key={index} data-c={color} />
      ))}
    </span>
  );
}
