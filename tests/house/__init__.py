"""Tests of the house: settings, checks, set-up, production."""
