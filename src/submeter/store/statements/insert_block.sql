-- Inserts one block that a memory file holds; $table and $descriptor are names of our own making.
INSERT INTO otel.$table FROM INFILE '/proc/self/fd/$descriptor' FORMAT Native
