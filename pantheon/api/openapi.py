"""`python -m pantheon.api.openapi` prints the OpenAPI document, without any database."""

import json
import sys

from pantheon.api.app import routes_only
from pantheon.api.document import describe


def main() -> None:
    """Print the document."""
    json.dump(describe(routes_only()), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
