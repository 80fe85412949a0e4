"""Operating: the runtime, embedded PostgreSQL, doctor, the example room."""
