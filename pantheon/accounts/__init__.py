"""Who acts: users, workspaces, logins, API keys."""
