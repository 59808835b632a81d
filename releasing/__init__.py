"""Tools that make and check a release; they are in the sdist and not in the wheel."""
