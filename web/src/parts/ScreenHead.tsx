import { Menu as MenuIcon } from "lucide-react";
import type { ReactNode } from "react";

import { t } from "../lib/strings";
import { IconButton } from "../ui/IconButton";

import { useShell } from "./shell";

interface Props {
  /** What the title belongs to: shown before it where there is space. */
  within?: string | undefined;
  title: string;
  /** The screen has a heading of its own: this is none. */
  plain?: boolean;
  /** Beside the title. */
  menu?: ReactNode;
  /** At the right end. */
  children?: ReactNode;
}

/** The bar on top of a screen. */
export function ScreenHead({ within, title, plain = false, menu, children }: Props) {
  const Title = plain ? "p" : "h1";
  const { openSidebar } = useShell();
  return (
    <header className="flex h-(--bar) min-w-0 items-center gap-3 border-b border-line pr-3 pl-5 phone:gap-1 phone:px-2">
      <IconButton label={t.shell.openSidebar} className="to-sidebar" onClick={openSidebar}>
        <MenuIcon className="icon" aria-hidden />
      </IconButton>
      <Title className="cut text-14 font-semibold">
        {within && (
          <span className="font-normal text-fg-3 phone:hidden">{within}&nbsp; / &nbsp;</span>
        )}
        {title}
      </Title>
      {menu && <span className="inline-flex phone:order-last">{menu}</span>}
      <span className="flex-1" />
      {children}
    </header>
  );
}
