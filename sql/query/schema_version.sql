-- The highest migration applied.
select bridge.schema_version() as version
