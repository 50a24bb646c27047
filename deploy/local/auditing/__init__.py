"""`ebbtide audit`: proves from the topics and the database, reading only, that every event is counted once."""
