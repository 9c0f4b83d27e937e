-- Stores calls again with their new cost; version 1 beats what is sent again. What stands for the rows is another
-- statement of ours. The token is taken back: under that of the batch before, which the connection still has, a second
-- recomputation would be a repetition of the first and be left out (engine 26.9, whatever insert_deduplicate says).
-- A call that had no cost is given its model's window too: a call with a cost and no window would be a sum of requests.
INSERT INTO otel.llm_call_rows SETTINGS insert_deduplicate = 0, insert_deduplication_token = ''
SELECT * EXCEPT (price, old_cost, old_version, whole, size, read, stated_hour, written, hour, text_and_media, audio, image, out, audio_out, image_out,
    reasoned, usd) REPLACE (usd AS cost_usd, price.version AS price_version, 1 AS version,
    if(old_cost IS NULL, ifNull(context_window, price.context_window), context_window) AS context_window)
$rows
