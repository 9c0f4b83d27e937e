-- Makes the database and its rows from one file on the disk of backups; $name is our own.
RESTORE DATABASE otel FROM Disk('backups', '$name')
