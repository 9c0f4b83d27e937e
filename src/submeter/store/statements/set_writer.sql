-- What every insert promises: no limit on the days a late batch may span, and repeatable roll-ups.
SET max_partitions_per_insert_block = 0,
    deduplicate_blocks_in_dependent_materialized_views = 1,
    max_insert_threads = 1
