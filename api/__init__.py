"""The API: HTTP and pages over the database; it knows neither collector nor stream worker."""
