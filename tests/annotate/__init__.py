"""Tests of the annotate app."""
