"""What the benchmark of the atlas needs: a network of any number of units, and a browser."""
