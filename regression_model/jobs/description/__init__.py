"""How a job is described: its settings, job files, and the JSON Schema of these."""
