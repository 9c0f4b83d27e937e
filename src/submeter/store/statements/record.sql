-- Notes that schema files ran.
INSERT INTO otel.submeter_migrations (name, checksum)
SELECT pair.1, pair.2
FROM (SELECT arrayJoin(arrayZip({names:Array(String)}, {checksums:Array(String)})) AS pair)
