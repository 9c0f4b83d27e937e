-- Which version is the engine?
SELECT version() AS version
