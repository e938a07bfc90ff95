-- Makes a history table's partitions of this month and the next two.
-- $1 table
select bridge.partitions_make($1)
