"""What every request to a provider cost: attempts, call events, wallets, usage."""
