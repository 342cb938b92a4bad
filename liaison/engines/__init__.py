"""PostgreSQL and the broker of a development or test machine: found or unpacked, started, shared, stopped. No Django here."""
