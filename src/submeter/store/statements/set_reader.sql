-- What no question may exceed; readonly comes last, because nothing can be set after it. A row and its repetitions
-- lie in one partition, because its time is part of its key. On a cluster, a table within a question is asked once for
-- all shards. Blocks of a megabyte, the engine's own measure, would be so small where many columns are read that most of
-- the time goes into handling them.
SET max_execution_time = {seconds:UInt32},
    max_result_rows = {rows:UInt64},
    result_overflow_mode = 'throw',
    max_memory_usage = {bytes:UInt64},
    do_not_merge_across_partitions_select_final = 1,
    distributed_product_mode = 'global',
    preferred_block_size_bytes = 16777216,
    output_format_json_quote_64bit_integers = 0,
    format_csv_null_representation = '',
    readonly = 1
