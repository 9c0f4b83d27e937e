# submeter's server half: REST, page, command line, evaluators. The context is the repository.
FROM python:3.12-slim
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN pip install --no-cache-dir ".[server]" && useradd --system --uid 10001 submeter \
    && mkdir -p /var/lib/submeter && chown submeter /var/lib/submeter
USER submeter
ENTRYPOINT ["submeter"]
