import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useLocation } from "wouter";

import { logIn } from "../../api/calls";
import { ApiProblem } from "../../api/problems";
import { t } from "../../lib/strings";
import { Logo } from "../../parts/icons";

/** The token of this page load: read once, since it works once. */
let redeeming: { token: string; done: Promise<unknown> } | null = null;

/** Signs in by the token that stands after "#", and takes it out of the address at once. */
export function LoginScreen() {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    const token = location.hash.slice(1);
    if (token !== "") {
      history.replaceState(history.state, "", location.pathname);
      redeeming = { token, done: logIn(token) };
    }
    if (!redeeming) {
      navigate("/", { replace: true });
      return;
    }
    let shown = true;
    redeeming.done
      .then(() => {
        redeeming = null;
        client.clear();
        if (shown) navigate("/", { replace: true });
      })
      .catch((error: unknown) => {
        redeeming = null;
        if (!(error instanceof ApiProblem)) throw error;
        if (shown) setProblem(error.message);
      });
    return () => {
      shown = false;
    };
  }, [client, navigate]);

  return (
    <main className="grid h-full content-center justify-items-center gap-3 bg-surface p-6 text-center">
      <Logo className="size-8" />
      {problem === null ? (
        <p role="status">{t.login.busy}</p>
      ) : (
        <div role="alert" className="grid max-w-[440px] gap-3">
          <h1 className="text-17 font-semibold">{t.login.failed}</h1>
          <p className="text-fg-2">{t.login.failedHelp}</p>
          <p className="text-12 text-fg-3">{t.login.cause(problem)}</p>
        </div>
      )}
    </main>
  );
}
