"""Parts of the benchmark of the worker's pages: rows, servers, clients."""
