import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";

import { t } from "../lib/strings";

import { IconButton } from "./IconButton";

interface Props {
  text: () => string | Promise<string>;
  label: string;
  /** The label is read beside the icon. */
  labelled?: boolean;
  className?: string;
  "data-key"?: string;
}

/** Copies a text, and says so for a moment. */
export function CopyButton(props: Props) {
  const { text, label, labelled = false, className = "", ...rest } = props;
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
  const told = copied ? t.step.copied : failed ? t.step.notCopied(failed) : label;
  if (labelled)
    return (
      <button
        type="button"
        className={`btn btn-s ${className}`}
        {...rest}
        onClick={() => void copy()}
      >
        <Icon className="icon icon-s" aria-hidden />
        {told}
      </button>
    );
  return (
    <IconButton
      label={told}
      className={className}
      {...rest}
      onClick={() => void copy()}
    >
      <Icon className="icon icon-s" aria-hidden />
    </IconButton>
  );
}
