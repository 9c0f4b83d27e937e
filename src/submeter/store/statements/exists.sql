-- Is there such a table, or such a database where no table is named?
SELECT if({table:String} = '',
    (SELECT count() FROM system.databases WHERE name = {database:String}),
    (SELECT count() FROM system.tables WHERE database = {database:String} AND name = {table:String})) > 0 AS is_there
