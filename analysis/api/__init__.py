"""The REST API of what is known: networks, layers, units, image sets, runs and exports."""
