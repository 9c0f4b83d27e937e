-- What no client's statement may exceed; readonly comes last, because nothing can be set after it.
SET max_execution_time = {max_execution_time:UInt32},
    max_result_rows = {max_result_rows:UInt64},
    max_result_bytes = {max_result_bytes:UInt64},
    max_memory_usage = {max_memory_usage:UInt64},
    result_overflow_mode = 'throw',
    readonly = 1
