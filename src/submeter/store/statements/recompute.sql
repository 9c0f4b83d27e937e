-- Stores calls again with their new cost; version 1 beats what is sent again. What stands for the rows is another
-- statement of ours.
INSERT INTO otel.llm_call_rows SETTINGS insert_deduplicate = 0
SELECT * EXCEPT (price, old_cost, old_version, whole, read, stated_hour, written, hour, text_and_media, audio, image, out, audio_out, image_out,
    reasoned, parts, usd) REPLACE (usd AS cost_usd, price.version AS price_version, 1 AS version)
$rows
