"""The demonstration: a synthetic world, a small network trained on it, two campaigns."""
