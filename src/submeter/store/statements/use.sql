-- Whose tables bare names mean; $database is checked to be a name.
USE $database
