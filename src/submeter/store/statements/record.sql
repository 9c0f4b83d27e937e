-- Notes that a schema file ran.
INSERT INTO otel.submeter_migrations (name, checksum) SELECT {name:String}, {checksum:String}
