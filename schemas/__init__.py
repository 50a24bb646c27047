"""What the processes agree on: events, behaviors, windows, accounts, alerts, topics, errors, and the database."""
