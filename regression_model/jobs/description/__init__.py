"""How a job is described: its settings, what its inputs and outputs hold, and the JSON Schema."""
