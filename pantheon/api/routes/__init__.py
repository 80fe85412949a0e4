"""One file per first word of the path, with its request bodies."""
