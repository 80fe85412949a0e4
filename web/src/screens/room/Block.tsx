import { type ReactNode, useId } from "react";

interface Props {
  title: string;
  help?: string;
  children: ReactNode;
}

/** A part of the editor under its heading. */
export function Block({ title, help, children }: Props) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="mb-6">
      <h2 id={id} className="mb-0.5 text-14 font-semibold">
        {title}
      </h2>
      {help && <p className="mb-3 text-13 text-fg-3">{help}</p>}
      {children}
    </section>
  );
}
