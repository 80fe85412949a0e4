import { Component, type ReactNode } from "react";

import { t } from "../lib/strings";

import { Plain } from "./Plain";

/** Catches what a screen throws, also that a part of the page cannot be loaded any more. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <Plain role="alert">
        <h1 className="text-17 font-semibold">{t.shell.broken}</h1>
        <p className="text-fg-2">{t.shell.brokenHelp}</p>
        <p className="font-mono text-12 text-fg-3">{error.message}</p>
        <button type="button" className="btn" onClick={() => location.reload()}>
          {t.shell.reload}
        </button>
      </Plain>
    );
  }
}
