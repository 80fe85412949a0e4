import { DropdownMenu } from "radix-ui";
import type { ReactElement, ReactNode } from "react";

interface Props {
  trigger: ReactElement;
  children: ReactNode;
  align?: "start" | "end";
  side?: "top" | "bottom";
}

/** A menu below (or above) the button that opens it. */
export function Menu({ trigger, children, align = "start", side = "bottom" }: Props) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          className="pop"
          align={align}
          side={side}
          sideOffset={6}
          collisionPadding={8}
        >
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

interface ItemProps {
  children: ReactNode;
  onSelect: () => void;
  disabled?: boolean;
}

/** One choice of a menu. */
export function MenuItem({ children, onSelect, disabled = false }: ItemProps) {
  return (
    <DropdownMenu.Item className="pop-item" onSelect={onSelect} disabled={disabled}>
      {children}
    </DropdownMenu.Item>
  );
}

/** Words over a group of choices. */
export function MenuLabel({ children }: { children: ReactNode }) {
  return <DropdownMenu.Label className="pop-label">{children}</DropdownMenu.Label>;
}
