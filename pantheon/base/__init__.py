"""Ground floor: errors, ids, time, text, settings, logs, egress. Knows nothing above."""
