-- Which schema files ran on this database?
SELECT name, checksum
FROM otel.submeter_migrations FINAL
ORDER BY name
