import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Ellipsis } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";

import { deleteSession, exportUrl, pinSession, renameSession } from "../../api/calls";
import { sessions, timelineKey } from "../../api/queries";
import type { Timeline } from "../../api/timeline";
import type { Session } from "../../api/types";
import { t } from "../../lib/strings";
import { showToast } from "../../parts/toasts";
import { Dialog } from "../../ui/Dialog";
import { IconButton } from "../../ui/IconButton";
import { Menu, MenuItem } from "../../ui/Menu";

interface Props {
  session: Session;
  name: string;
  onPrint: () => void;
}

/** The server names the file. */
function download(url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  link.click();
}

/** Rename a session, keep it on top, take it along, delete it. */
export function SessionMenu({ session, name, onPrint }: Props) {
  const client = useQueryClient();
  const listed = useQuery(sessions).data?.find((other) => other.id === session.id);
  const pinned = (listed ?? session).pinned;
  const pin = useMutation({
    mutationFn: () => pinSession({ ...session, pinned }),
    onSuccess: () => client.invalidateQueries({ queryKey: sessions.queryKey }),
    onError: (error) => showToast({ words: error.message, bad: true }),
  });
  const [asking, setAsking] = useState<"rename" | "remove" | null>(null);
  return (
    <>
      <Menu
        trigger={
          <IconButton label={t.session.menu} small>
            <Ellipsis className="icon" aria-hidden />
          </IconButton>
        }
      >
        <MenuItem onSelect={() => setAsking("rename")}>{t.session.rename}</MenuItem>
        <MenuItem onSelect={() => pin.mutate()}>
          {pinned ? t.session.unpin : t.session.pin}
        </MenuItem>
        <MenuItem onSelect={() => download(exportUrl(session.id, "md"))}>
          {t.session.exportMarkdown}
        </MenuItem>
        <MenuItem onSelect={() => download(exportUrl(session.id, "json"))}>
          {t.session.exportJson}
        </MenuItem>
        <MenuItem onSelect={onPrint}>{t.session.print}</MenuItem>
        <MenuItem onSelect={() => setAsking("remove")}>{t.session.remove}</MenuItem>
      </Menu>
      <Dialog
        open={asking !== null}
        onOpenChange={() => setAsking(null)}
        title={asking === "remove" ? t.session.remove : t.session.rename}
      >
        {asking === "rename" && (
          <Rename session={session} name={name} onDone={() => setAsking(null)} />
        )}
        {asking === "remove" && <Remove session={session} onDone={() => setAsking(null)} />}
      </Dialog>
    </>
  );
}

function Rename({ session, name, onDone }: { session: Session; name: string; onDone: () => void }) {
  const client = useQueryClient();
  const [text, setText] = useState(name);
  const rename = useMutation({
    mutationFn: () => renameSession(session, text.trim()),
    onSuccess: (changed) => {
      client.setQueryData<Timeline>(
        timelineKey(session.id),
        (timeline) => timeline && { ...timeline, session: changed },
      );
      void client.invalidateQueries({ queryKey: sessions.queryKey });
      onDone();
    },
  });
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== "") rename.mutate();
  };
  return (
    <form className="grid gap-4" onSubmit={onSubmit}>
      <label className="field">
        <span>{t.session.renameLabel}</span>
        <input
          className="box"
          value={text}
          maxLength={200}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <Buttons error={rename.error} busy={rename.isPending} onCancel={onDone}>
        {t.session.save}
      </Buttons>
    </form>
  );
}

function Remove({ session, onDone }: { session: Session; onDone: () => void }) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const remove = useMutation({
    mutationFn: () => deleteSession(session.id),
    onSuccess: () => {
      onDone();
      client.setQueryData<Session[]>(sessions.queryKey, (list) =>
        list?.filter((other) => other.id !== session.id),
      );
      navigate("/", { replace: true });
    },
  });
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    remove.mutate();
  };
  return (
    <form className="grid gap-4" onSubmit={onSubmit}>
      <p>{t.session.removeAsk}</p>
      <Buttons error={remove.error} busy={remove.isPending} onCancel={onDone}>
        {t.session.remove}
      </Buttons>
    </form>
  );
}

interface ButtonsProps {
  error: Error | null;
  busy: boolean;
  onCancel: () => void;
  children: string;
}

function Buttons({ error, busy, onCancel, children }: ButtonsProps) {
  return (
    <>
      {error && (
        <p role="alert" className="text-13 text-bad">
          {error.message}
        </p>
      )}
      <div className="flex justify-end gap-2">
        <button type="button" className="btn" onClick={onCancel}>
          {t.session.cancel}
        </button>
        <button type="submit" className="btn btn-ink" disabled={busy}>
          {children}
        </button>
      </div>
    </>
  );
}
