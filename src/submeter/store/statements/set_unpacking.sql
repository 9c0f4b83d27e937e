-- How the rows that a client sent are read: values only, never expressions, which could read files. And how they
-- are read back: numbers as numbers, and those that JSON has none for as words.
SET max_memory_usage = {memory:UInt64},
    max_result_bytes = {bytes:UInt64},
    input_format_values_interpret_expressions = 0,
    input_format_values_deduce_templates_of_expressions = 0,
    output_format_json_quote_64bit_integers = 0,
    output_format_json_quote_denormals = 1
