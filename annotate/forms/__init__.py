"""Forms of the pages: read what a browser sent; the rules stand in core and services."""
