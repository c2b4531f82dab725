"""Sees what a cell does to models and batches, without changing what it does."""
