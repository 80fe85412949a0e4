import type { ComponentProps } from "react";

interface Props extends Omit<ComponentProps<"button">, "aria-label"> {
  /** What the button does: its name for everybody who does not see the icon. */
  label: string;
  small?: boolean;
}

/** A square button that shows an icon alone. */
export function IconButton({ label, small, className = "", ...rest }: Props) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={`ib ${small ? "ib-s" : ""} ${className}`}
      {...rest}
    />
  );
}
