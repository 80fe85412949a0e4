import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { refreshMoney, setEnforcement, wallet } from "../../api/money";
import type { Wallet } from "../../api/types";
import { money } from "../../lib/strings.money";
import { Ask } from "../../ui/Ask";
import { Options } from "../../ui/Options";

type Mode = Wallet["enforcement"];

const words = money.billing;
const MODES = ["off", "warn", "enforce"] as const;

/** Whether calls are charged and refused; it is turned only after it was said what that does. */
export function BillingSwitch({ mode }: { mode: Mode }) {
  const client = useQueryClient();
  const [wanted, setWanted] = useState<Mode | null>(null);
  const turn = useMutation({
    mutationFn: setEnforcement,
    onSuccess: (now) => {
      client.setQueryData(wallet.queryKey, now);
      setWanted(null);
      return refreshMoney(client);
    },
  });
  const close = () => {
    turn.reset();
    setWanted(null);
  };
  return (
    <>
      <Options
        label={words.title}
        value={mode}
        onChange={setWanted}
        options={MODES.map((value) => ({ value, ...words.modes[value] }))}
      />
      {wanted && (
        <Ask
          title={words.ask[wanted].title}
          error={turn.error}
          busy={turn.isPending}
          yes={words.ask[wanted].yes}
          no={words.cancel}
          onYes={() => turn.mutate(wanted)}
          onClose={close}
        >
          {words.ask[wanted].what} {words.from}
        </Ask>
      )}
    </>
  );
}
