-- Which rows a reader's connection shows, whatever it is asked; set before set_reader, after which nothing can be set.
-- Statistics tell how many rows were read before the filter.
SET additional_table_filters = $filters, output_format_write_statistics = 0
