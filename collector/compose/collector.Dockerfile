# The collector of builder-lean.yaml (MANIFEST=full: of builder-full.yaml). The context is the repository.
FROM golang:1.26 AS build
ARG MANIFEST=lean
RUN apt-get update && apt-get install --yes --no-install-recommends python3 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY collector ./collector
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/cache \
    GOCACHE=/cache CGO_ENABLED=0 python3 -m collector.build "$MANIFEST" && mkdir -p /queue \
    && cp "collector/dist/$MANIFEST/submeter-collector" /submeter-collector

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /submeter-collector /submeter-collector
COPY --from=build --chown=10001:10001 /queue /var/lib/submeter
USER 10001:10001
ENTRYPOINT ["/submeter-collector"]
