-- Sets one setting of a client; $name is checked to be a name.
SET $name = {value:String}
