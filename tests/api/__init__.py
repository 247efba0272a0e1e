"""Tests of the REST API, the tokens and the exports."""
