"""Tests of Unitscope."""
