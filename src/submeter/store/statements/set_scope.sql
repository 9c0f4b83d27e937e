-- Which rows a reader's connection shows, whatever it is asked; set before set_reader, after which nothing can be set.
SET additional_table_filters = $filters
