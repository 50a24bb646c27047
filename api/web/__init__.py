"""The pages: rendered here, no build step, nothing from elsewhere."""
