-- Copies every table into one file on the disk of backups; $name is our own.
BACKUP DATABASE otel TO Disk('backups', '$name')
