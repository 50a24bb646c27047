"""What the API answers with, as OpenAPI shows it."""
