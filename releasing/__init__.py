"""Tools for a release: nothing here is in the wheel."""
