import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { logOut } from "../../api/calls";
import { info } from "../../api/queries";
import { isMac, setPreferences, usePreferences } from "../../lib/preferences";
import { settings } from "../../lib/strings.settings";
import { ThemeChoice } from "../../parts/ThemeChoice";
import { useShell } from "../../parts/shell";
import { Options } from "../../ui/Options";
import { Switch } from "../../ui/Switch";

const words = settings.page;

/** What holds in this browser: theme, keys, notifications, and who is signed in. */
export function PageSettings() {
  const client = useQueryClient();
  const { openHelp } = useShell();
  const { sendKey, shortcuts, notify } = usePreferences();
  const [refused, setRefused] = useState(false);
  const signOut = useMutation({
    mutationFn: logOut,
    onSuccess: () => {
      client.clear();
      void client.invalidateQueries({ queryKey: info.queryKey });
      location.assign("/");
    },
  });
  const setNotify = async (wanted: boolean) => {
    const allowed = !wanted || (await Notification.requestPermission()) === "granted";
    setRefused(!allowed);
    setPreferences({ notify: wanted && allowed });
  };
  return (
    <div className="grid max-w-[560px] gap-5">
      <p className="text-13 text-fg-2">{words.lead}</p>
      <ThemeChoice strong />
      <Options
        label={words.sendKey}
        value={sendKey}
        onChange={(picked) => setPreferences({ sendKey: picked })}
        options={[
          { value: "enter", ...words.sendKeys.enter },
          { value: "mod-enter", ...words.sendKeys.modEnter(isMac ? "Cmd" : "Ctrl") },
        ]}
      />
      <Row
        label={words.shortcuts}
        help={words.shortcutsHelp}
        checked={shortcuts}
        onChange={(on) => setPreferences({ shortcuts: on })}
      >
        <button type="button" className="link text-12" onClick={openHelp}>
          {words.shortcutsShow}
        </button>
      </Row>
      {"Notification" in globalThis && (
        <Row
          label={words.notify}
          help={words.notifyHelp}
          checked={notify}
          onChange={(on) => void setNotify(on)}
        >
          <span role="status" className="text-12 text-bad">
            {refused && words.notifyRefused}
          </span>
        </Row>
      )}
      <div className="flex items-center justify-between gap-4 border-t border-line pt-5">
        <p className="text-12 text-fg-3">{words.signOutHelp}</p>
        <button
          type="button"
          className="btn"
          disabled={signOut.isPending}
          onClick={() => signOut.mutate()}
        >
          {words.signOut}
        </button>
      </div>
      {signOut.error && (
        <p role="alert" className="text-13 text-bad">
          {signOut.error.message}
        </p>
      )}
    </div>
  );
}

interface RowProps {
  label: string;
  help: string;
  checked: boolean;
  onChange: (on: boolean) => void;
  children: ReactNode;
}

function Row({ label, help, checked, onChange, children }: RowProps) {
  return (
    <div className="flex items-start justify-between gap-4">
      <div>
        <p className="text-13 font-medium">{label}</p>
        <p className="text-12 text-fg-3">{help}</p>
        {children}
      </div>
      <Switch label={label} checked={checked} onChange={onChange} />
    </div>
  );
}
