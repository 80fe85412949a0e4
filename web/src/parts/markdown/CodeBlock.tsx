import { type ReactNode, useEffect, useState } from "react";

import { t } from "../../lib/strings";
import { CopyButton } from "../../ui/CopyButton";

interface Props {
  code: string;
  language: string;
  /** Its closing fence is there: only then is it coloured. */
  closed: boolean;
}

const LONGEST_COLOURED = 20_000;

/** A block of code with its language and a copy button. */
export function CodeBlock({ code, language, closed }: Props) {
  const [coloured, setColoured] = useState<{ code: string; nodes: ReactNode[] } | null>(null);
  useEffect(() => {
    if (!closed || !language || code.length > LONGEST_COLOURED) return;
    let shown = true;
    import("./highlight")
      .then(({ highlight }) => {
        const nodes = highlight(code, language);
        if (shown && nodes) setColoured({ code, nodes });
      })
      .catch((error: unknown) => console.warn("Code stays without colours.", error));
    return () => {
      shown = false;
    };
  }, [closed, code, language]);
  return (
    <div className="code">
      <div className="code-head">
        <span className="cut">{language || t.markdown.code}</span>
        <CopyButton text={() => code} label={t.markdown.copyCode} className="ib-s" />
      </div>
      {/* Wide code scrolls, so that it must be reachable by keyboard. */}
      <pre tabIndex={0}>
        <code>{coloured?.code === code ? coloured.nodes : code}</code>
      </pre>
    </div>
  );
}
