import { useState } from "react";

import { read, write } from "../../lib/storage";
import { money } from "../../lib/strings.money";
import { creditsText } from "../../parts/Credits";
import { Notice } from "../../parts/Notice";
import { useWallet } from "../../parts/useMoney";

const KEY = "low-balance-seen";

/** That the balance is low; told once for each time that it falls. */
export function LowBalance() {
  const wallet = useWallet();
  const [seen, setSeen] = useState(() => read<boolean>(KEY) ?? false);
  const see = (now: boolean) => {
    setSeen(now);
    write(KEY, now || null);
  };
  // With enough there again the next fall is told anew.
  if (wallet && !wallet.low_balance && seen) see(false);
  if (!wallet?.low_balance || seen) return null;
  return (
    <Notice role="status" onDismiss={() => see(true)}>
      {money.wallet.lowNotice(creditsText(wallet.available))}
    </Notice>
  );
}
