"""Framework-neutral, immutable descriptions of what a call was given: all that rules see."""
