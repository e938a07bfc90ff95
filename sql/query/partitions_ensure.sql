-- Makes this month's partitions and the next two.
select bridge.partitions_ensure()
