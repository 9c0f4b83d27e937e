-- The engine's own reading of a query: one statement, without comments.
SELECT formatQuerySingleLine({query:String}) AS text
