"""Files: tables that are read and written in slices, and results that take their place whole."""
