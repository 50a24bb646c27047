"""The stream worker: Kafka to windows, windows to findings, findings to alerts, alerts to whoever asked."""
