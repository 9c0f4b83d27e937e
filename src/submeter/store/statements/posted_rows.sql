-- How many rows did one client's insert hold?
SELECT count() AS rows
FROM posted
