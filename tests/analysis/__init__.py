"""Tests of what is known about units."""
