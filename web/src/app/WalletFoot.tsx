import { TriangleAlert } from "lucide-react";
import { Link } from "wouter";

import { money as words } from "../lib/strings.money";
import { Credits } from "../parts/Credits";
import { useWallet } from "../parts/useMoney";

/** Balance and what is reserved of it, apart; nothing where nothing is charged. */
export function WalletFoot() {
  const wallet = useWallet();
  if (!wallet) return null;
  return (
    <Link
      href="/settings/budgets"
      className="-mx-2 grid gap-2 rounded-m px-2 py-1 hover:bg-hover"
      aria-label={words.wallet.open}
      title={words.wallet.open}
    >
      <span className="kv">
        <span>{words.wallet.balance}</span>
        <Credits value={wallet.balance} />
      </span>
      <span className="kv">
        <span>{words.wallet.reserved}</span>
        <Credits value={wallet.reserved} />
      </span>
      {wallet.low_balance && (
        <span className="flex items-center gap-1.5 text-warn">
          <TriangleAlert className="icon icon-s" aria-hidden />
          {words.wallet.low}
        </span>
      )}
    </Link>
  );
}
