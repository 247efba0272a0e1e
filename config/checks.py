"""System checks: every bad setting has an id, a sentence and a hint."""
