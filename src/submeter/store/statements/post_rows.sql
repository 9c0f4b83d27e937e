-- Has the engine read what a memory file holds, in the format of a client; its columns are checked to be names.
INSERT INTO posted $columns FROM INFILE '/proc/self/fd/$descriptor' FORMAT $format
