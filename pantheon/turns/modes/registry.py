"""The modes that this build knows."""

from pantheon.turns.modes.direct import DIRECT
from pantheon.turns.modes.manual import MANUAL
from pantheon.turns.modes.orchestrator import ORCHESTRATOR
from pantheon.turns.modes.roundtable import ROUNDTABLE
from pantheon.turns.modes.types import Mode

MODES: dict[str, Mode] = {mode.name: mode for mode in (DIRECT, MANUAL, ROUNDTABLE, ORCHESTRATOR)}
ALIASES = {"tag": "manual"}
