"""The charts of a report, each with its heading, its caption and its alternative text."""
