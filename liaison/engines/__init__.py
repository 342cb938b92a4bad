"""PostgreSQL and the broker of a development or test machine: found, started, shared, stopped. No Django."""
