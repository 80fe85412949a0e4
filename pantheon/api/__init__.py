"""All HTTP: the application, credentials, problems, idempotency, server-sent events."""
