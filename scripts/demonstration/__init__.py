"""The demonstration: the whole platform on this machine, real files through it, every result checked."""
