/** Icons that the icon set does not have. */

interface Props {
  className?: string;
}

export function Logo({ className = "size-5" }: Props) {
  return (
    <svg
      className={`flex-none ${className}`}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.7"
      strokeLinecap="round"
      aria-hidden
    >
      <path d="M2.5 7.5 10 3l7.5 4.5M4.5 8v8M10 8v8M15.5 8v8M2.5 17h15" />
    </svg>
  );
}

/** Seats around a table. */
export function RoundTableIcon({ className = "icon" }: Props) {
  return (
    <svg
      className={className}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2.2"
      aria-hidden
    >
      <circle cx="12" cy="5.4" r="2.2" />
      <circle cx="18.3" cy="10.5" r="2.2" />
      <circle cx="15.8" cy="18" r="2.2" />
      <circle cx="8.2" cy="18" r="2.2" />
      <circle cx="5.7" cy="10.5" r="2.2" />
    </svg>
  );
}

/** A ring of dashes: something that has not begun. */
export function WaitIcon({ className = "icon icon-s" }: Props) {
  return (
    <svg
      className={className}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2.2"
      strokeDasharray="3.6 3.3"
      aria-hidden
    >
      <circle cx="12" cy="12" r="7.8" />
    </svg>
  );
}
