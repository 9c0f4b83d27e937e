-- In which hours and traces did a session make calls? What leads from a session to its few rows of llm_call_rows,
-- which lie in order of time, without a look at all the others. An entry too many does no harm, and repetitions are merged.
-- day and hour are those of the key of llm_call_rows: of a time that is far off, one does not follow from the other.
CREATE TABLE IF NOT EXISTS otel.llm_session_traces
(
    session_id String CODEC(ZSTD(1)),
    day Date CODEC(Delta(2), ZSTD(1)),
    hour DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    trace_id String CODEC(ZSTD(1)),
    service LowCardinality(String)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (session_id, day, hour, trace_id, service)
SETTINGS index_granularity = 512, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000
