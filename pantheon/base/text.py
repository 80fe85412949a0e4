"""Text from outside: what PostgreSQL and JSON cannot carry is replaced."""

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def sanitise(text: str) -> str:
    """Replace NUL and lone surrogates, which neither UTF-8 nor `text` columns can hold.

    The result has as many code points as went in, so offsets stay valid.
    """
    if text.isascii() and "\x00" not in text:
        return text
    cleaned = text.replace("\x00", REPLACEMENT)
    try:
        cleaned.encode()
    except UnicodeEncodeError:
        cleaned = "".join(REPLACEMENT if "\ud800" <= c <= "\udfff" else c for c in cleaned)
    return cleaned


def first_words(text: str, length: int = 60) -> str:
    """Return the text's first words on one line, at most `length` code points."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    cut = line[: length - 1]
    return (cut[: cut.rfind(" ")] if " " in cut[length // 2 :] else cut) + "…"
