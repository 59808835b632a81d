"""Files: tables read and written in slices, and results that replace a file only when complete."""
