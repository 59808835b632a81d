"""How good the shipped model is on rows whose prices its developers have not seen."""
