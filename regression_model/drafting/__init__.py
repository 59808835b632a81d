"""From a table to the draft of a configuration: what each column is taken for, and why."""
