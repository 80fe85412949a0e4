import { useQuery } from "@tanstack/react-query";

interface Readiness {
  status: "ok" | "degraded" | "down";
  checks: Record<string, { ok: boolean; detail: string }>;
}

/** Whether the parts of the server are ready; empty while it is not known. */
export function useChecks() {
  const answer = useQuery({
    queryKey: ["readyz"],
    queryFn: async ({ signal }) => {
      const response = await fetch("/readyz", { signal });
      // 503 is an answer as well: it says what is not ready.
      return (await response.json()) as Readiness;
    },
  });
  return Object.entries(answer.data?.checks ?? {});
}
