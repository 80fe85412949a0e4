import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";

import { t } from "../lib/strings";

import { IconButton } from "./IconButton";

interface Props {
  text: () => string;
  label: string;
  className?: string;
  "data-key"?: string;
}

/** Copies a text, and says so for a moment. */
export function CopyButton({ text, label, className = "", ...rest }: Props) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1_500);
    return () => clearTimeout(timer);
  }, [copied]);
  const Icon = copied ? Check : Copy;
  return (
    <IconButton
      label={copied ? t.step.copied : label}
      className={className}
      {...rest}
      onClick={() => void navigator.clipboard.writeText(text()).then(() => setCopied(true))}
    >
      <Icon className="icon icon-s" aria-hidden />
    </IconButton>
  );
}
