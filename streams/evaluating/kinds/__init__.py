"""The kinds of alerts, one a file: whose they are, what holds them back, what they rest on, and how they read."""
