import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";

import { t } from "../lib/strings";

import { IconButton } from "./IconButton";

interface Props {
  text: () => string | Promise<string>;
  label: string;
  className?: string;
  "data-key"?: string;
}

/** Copies a text, and says so for a moment. */
export function CopyButton({ text, label, className = "", ...rest }: Props) {
  const [copied, setCopied] = useState(false);
  const [failed, setFailed] = useState("");
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1_500);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(await text());
      setCopied(true);
    } catch (error) {
      // The label says it: nothing was copied.
      setFailed(error instanceof Error ? error.message : String(error));
    }
  };
  const Icon = copied ? Check : Copy;
  return (
    <IconButton
      label={copied ? t.step.copied : failed ? t.step.notCopied(failed) : label}
      className={className}
      {...rest}
      onClick={() => void copy()}
    >
      <Icon className="icon icon-s" aria-hidden />
    </IconButton>
  );
}
