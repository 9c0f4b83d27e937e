-- The calls of a period whose cost is another one at the prices of {prices:String}: usd beside old_cost, and whole rows.
-- A call that these prices do not cover keeps the cost it came with: a part without a price makes the sum NULL.
FROM
(
    SELECT
        c.*,
        p.price AS price,
        c.cost_usd AS old_cost,
        c.price_version AS old_version,
        toInt64(ifNull(c.input_tokens, 0)) AS whole,
        if(price.context_window IS NULL, whole, $request_tokens) AS size,
        least(toInt64(ifNull(c.cache_read_tokens, 0)), whole) AS read,
        toInt64(ifNull(c.cache_write_1h_tokens, 0)) AS stated_hour,
        least(
            greatest(toInt64(ifNull(c.cache_write_tokens, 0)), stated_hour + toInt64(ifNull(c.cache_write_5m_tokens, 0))),
            whole - read) AS written,
        least(stated_hour, written) AS hour,
        whole - read - written AS text_and_media,
        least(toInt64(ifNull(c.audio_input_tokens, 0)), text_and_media) AS audio,
        least(toInt64(ifNull(c.image_input_tokens, 0)), text_and_media - audio) AS image,
        toInt64(ifNull(c.output_tokens, 0)) AS out,
        least(toInt64(ifNull(c.audio_output_tokens, 0)), out) AS audio_out,
        least(toInt64(ifNull(c.image_output_tokens, 0)), out - audio_out) AS image_out,
        least(toInt64(ifNull(c.reasoning_tokens, 0)), out - audio_out - image_out) AS reasoned,
        if(read > 0, read * price.cache_read / 1000000, 0)
            + if(written - hour > 0, (written - hour) * price.cache_write / 1000000, 0)
            + if(hour > 0, hour * price.cache_write_1h / 1000000, 0)
            + if(audio > 0, audio * price.audio_input / 1000000, 0)
            + if(image > 0, image * price.image_input / 1000000, 0)
            + if(audio_out > 0, audio_out * price.audio_output / 1000000, 0)
            + if(image_out > 0, image_out * price.image_output / 1000000, 0)
            + if(reasoned > 0, reasoned * price.reasoning / 1000000, 0)
            + if(text_and_media - audio - image > 0, (text_and_media - audio - image) * price.input / 1000000, 0)
            + if(out - audio_out - image_out - reasoned > 0, (out - audio_out - image_out - reasoned) * price.output / 1000000, 0)
            + price.request AS usd
    FROM otel.llm_call_rows AS c FINAL
    INNER JOIN
    (
        SELECT arrayJoin(JSONExtract({prices:String}, 'Array(Tuple(provider String, model String, tier String,
            batch Bool, day_from String, day_to String, minute_from Int64, minute_to Int64, above Int64, up_to Int64,
            input Nullable(Float64), output Nullable(Float64), cache_read Nullable(Float64),
            cache_write Nullable(Float64), cache_write_1h Nullable(Float64), reasoning Nullable(Float64),
            audio_input Nullable(Float64), audio_output Nullable(Float64), image_input Nullable(Float64),
            image_output Nullable(Float64), request Float64, version String, context_window Nullable(UInt64)))')) AS price,
            price.provider AS p_provider, price.model AS p_model, price.tier AS p_tier, price.batch AS p_batch,
            toDate(price.day_from) AS day_from, toDate(price.day_to) AS day_to
    ) AS p
    ON c.provider = p.p_provider AND p.p_model =
        $priced_as
        AND c.service_tier = p.p_tier AND c.batch = p.p_batch
    WHERE c.ts >= fromUnixTimestamp64Nano({start_ns:Int64})
        AND c.ts < fromUnixTimestamp64Nano({end_ns:Int64})
        AND (c.input_tokens IS NOT NULL OR c.output_tokens IS NOT NULL)
        AND toDate(c.ts) >= p.day_from AND toDate(c.ts) < p.day_to
        AND toHour(c.ts) * 60 + toMinute(c.ts) >= price.minute_from
        AND toHour(c.ts) * 60 + toMinute(c.ts) < price.minute_to
        AND size > price.above AND size <= price.up_to
)
WHERE usd IS NOT NULL AND (old_cost IS NULL OR abs(old_cost - usd) > 1e-12 OR old_version != price.version)
