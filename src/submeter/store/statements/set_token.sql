-- Names the batch that comes next, so that a retry of it changes nothing.
SET insert_deduplication_token = {token:String}
