-- Has the engine read what a memory file holds, in a client's format; $columns is checked to be a list of names.
INSERT INTO posted $columns FROM INFILE '/proc/self/fd/$descriptor' FORMAT $format
