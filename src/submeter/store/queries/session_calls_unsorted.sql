-- What calls did a session make, in no order?
-- Without one, and with a limit above 10,000, the engine reads every column in one go; else it would open and unpack most
-- of them a second time, which takes longer than to sort a few rows.
SELECT
$call
FROM otel.llm_call_rows AS c FINAL
PREWHERE
$of_session
LIMIT {limit:UInt32}
