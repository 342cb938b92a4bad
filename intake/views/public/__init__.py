"""The anonymous door: writing, handing in, following, and times without a network."""
