"""Faults: each with a driver, an oracle of acknowledged operations and a pass line; own engines, own state, loopback only."""
