interface Props {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

/** On or off, at once. Its state is told by its place as well as its colour. */
export function Switch({ label, checked, onChange }: Props) {
  return (
    <button
      type="button"
      role="switch"
      aria-checked={checked}
      aria-label={label}
      title={label}
      className="switch"
      onClick={() => onChange(!checked)}
    >
      <span aria-hidden />
    </button>
  );
}
