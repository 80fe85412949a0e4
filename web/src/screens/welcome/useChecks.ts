import { useQuery } from "@tanstack/react-query";

import { getReadiness } from "../../api/calls";

/** Whether the parts of the server are ready; empty while it is not known. */
export function useChecks() {
  const answer = useQuery({
    queryKey: ["readyz"],
    queryFn: ({ signal }) => getReadiness(signal),
  });
  return Object.entries(answer.data?.checks ?? {});
}
