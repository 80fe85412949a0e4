import { isMac, usePreferences } from "../lib/preferences";
import { help as words } from "../lib/strings.palette";
import { Dialog } from "../ui/Dialog";

const MOD = isMac ? "⌘" : "Ctrl";
const SHIFT = isMac ? "⇧" : "Shift";

/** Every key and what it does. */
export default function HelpSheet({ onClose }: { onClose: () => void }) {
  const { shortcuts, sendKey } = usePreferences();
  const enterSends = sendKey === "enter";
  const groups: [string, [string[], string][]][] = [
    [
      words.groups.everywhere,
      [
        [[MOD, "K"], words.everywhere.palette],
        [[MOD, SHIFT, "O"], words.everywhere.new],
        [[MOD, SHIFT, "S"], words.everywhere.sidebar],
        [[SHIFT, "Esc"], words.everywhere.composer],
        [["Esc"], words.everywhere.escape],
        [[MOD, "/"], words.everywhere.help],
      ],
    ],
    [
      words.groups.composer,
      [
        [enterSends ? ["Enter"] : [MOD, "Enter"], words.composer.send],
        [enterSends ? [SHIFT, "Enter"] : ["Enter"], words.composer.line],
        [["@"], words.composer.mention],
        [["↑"], words.composer.last],
      ],
    ],
    [
      words.groups.card,
      [
        [["J"], words.card.next],
        [["K"], words.card.previous],
        [["S"], words.card.sent],
        [["R"], words.card.retry],
        [["C"], words.card.copy],
      ],
    ],
  ];
  return (
    <Dialog open onOpenChange={onClose} title={words.title}>
      {!shortcuts && <p className="text-13 text-warn">{words.off}</p>}
      <div className="grid max-h-[60dvh] gap-4 overflow-y-auto">
        {groups.map(([name, rows]) => (
          <section key={name} aria-label={name}>
            <h3 className="pb-1 text-12 font-medium text-fg-3">{name}</h3>
            <dl className="grid gap-1.5 text-13">
              {rows.map(([keys, what]) => (
                <div key={what} className="flex items-center justify-between gap-4">
                  <dt>{what}</dt>
                  <dd className="flex flex-none gap-1">
                    {keys.map((key) => (
                      <kbd key={key}>{key}</kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <button type="button" className="btn justify-self-end" onClick={onClose}>
        {words.close}
      </button>
    </Dialog>
  );
}
