"""What is known about units: networks, image sets, runs, top images, semantics."""
