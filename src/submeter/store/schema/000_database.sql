-- Holds every table of submeter and of the collector's exporter.
CREATE DATABASE IF NOT EXISTS otel
