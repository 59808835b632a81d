"""HTTP: from connections and bodies to calls, and from replies to bytes, within limits."""
