"""Tests of the demonstration: world, network, detectors, the whole build."""
