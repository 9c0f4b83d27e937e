"""The server of `submeter up`: OTLP intake, store, evaluator, questions over REST and a page, in one process."""
