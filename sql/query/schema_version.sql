-- The last migration applied, and the oldest program that the database still serves.
select bridge.schema_version() as version, bridge.schema_oldest_program() as oldest_program
