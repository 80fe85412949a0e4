"""The spine: a user's message becomes answers, stored, streamed and charged once."""
