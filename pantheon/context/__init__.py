"""What an agent is sent: assembling it and the audit of it."""
