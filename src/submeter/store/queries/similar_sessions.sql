-- Which session ids look most like the one that was asked for?
-- Ids of a few letters share no four in a row with one that is mistyped: these are told by the letters to change.
SELECT session_id
FROM otel.llm_calls
WHERE session_id != ''
GROUP BY session_id
ORDER BY
    startsWith(session_id, {session:String}) DESC,
    ngramDistance(session_id, {session:String}),
    editDistance(left(session_id, 64), left({session:String}, 64)),
    session_id
LIMIT 3
