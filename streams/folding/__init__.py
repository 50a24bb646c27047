"""From records to windows: decode, drop what was counted, number, resolve accounts, fold, commit."""
