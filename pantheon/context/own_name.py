"""Models that see labelled quotes begin their answer with their own label: it is taken off."""


class OwnNamePrefix:
    """Takes a leading own-name label off a streamed answer; other content is never cut."""

    def __init__(self, key: str, name: str) -> None:
        """Know the agent's key and name."""
        forms = ("{}:", "@{}:", "**{}:**", "**{}**:", "**@{}**:", "[{}]:", "[@{}]:")
        self._labels = [form.format(n.lower()) for n in {key, name} for form in forms]
        self._labels.append(f'<message from="@{key}">')
        self._held: str | None = ""
        self._at_start = False

    def feed(self, text: str) -> str:
        """Return what of `text` may be shown now; a beginning that can be a label is held."""
        if self._held is None:
            return self._shown(text)
        self._held += text
        head = self._held.lstrip().lower()
        if any(label.startswith(head) and label != head for label in self._labels):
            return ""
        return self.flush()

    def flush(self) -> str:
        """Return what is still held, a label taken off; the answer is over or decided."""
        held, self._held = self._held or "", None
        head = held.lstrip()
        for label in self._labels:
            if head.lower().startswith(label):
                self._at_start = True
                return self._shown(head[len(label) :])
        return held

    def _shown(self, text: str) -> str:
        """Take off the space behind a label, which may come in pieces."""
        if self._at_start:
            text = text.lstrip()
            self._at_start = not text
        return text
