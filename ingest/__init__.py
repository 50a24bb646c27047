"""The collector: HTTP in any of the known wire formats, one event at a time checked, to Kafka, and only then 200."""
