"""How many tokens a text has: an estimate from its size, marked as such wherever it is shown."""

MESSAGE_OVERHEAD = 4


def estimate(text: str) -> int:
    """Estimate the tokens of `text` from above for prose and code: a third of its UTF-8 bytes.

    Identifiers and JSON can be denser; the provider's own count is in the ledger.
    """
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    return (size + 2) // 3
