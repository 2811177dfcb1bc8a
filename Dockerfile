# From the sources:
#   docker build --tag rasphone_exporter \
#     --build-arg VERSION="$(git describe --tags --always --dirty --abbrev=12 | sed 's/^v//')" \
#     --build-arg REVISION="$(git rev-parse HEAD)" .
# From a binary that is there already, one that "make build" made for Linux or that of a
# release's archive for Linux, without the Go image and without network; ./rasphone_exporter
# --version says version and revision:
#   docker build --tag rasphone_exporter --build-arg BINARY=prebuilt \
#     --build-arg VERSION=... --build-arg REVISION=... .
# With podman and buildah, --format docker keeps the health check.
#
# The simulated servers:
#   docker run --rm --publish 127.0.0.1:10196:10196 rasphone_exporter demo --web.listen-address=:10196
# Real ones, with rasphone.yml and its password files in one folder:
#   docker run --rm --publish 127.0.0.1:10196:10196 --read-only --cap-drop ALL \
#     --security-opt no-new-privileges --ulimit core=0 --memory 512m --env GOMEMLIMIT=400MiB \
#     --volume "$PWD/config:/etc/rasphone_exporter:ro" \
#     --volume rasphone_exporter:/var/lib/rasphone_exporter rasphone_exporter
# To reload the configuration: docker kill --signal HUP NAME. To stop, allow for the
# probes in flight: docker stop --time 40 NAME.
ARG BINARY=build

FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS
ARG TARGETARCH
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH make build
WORKDIR /state

FROM scratch AS prebuilt
COPY rasphone_exporter /src/rasphone_exporter
WORKDIR /state

FROM ${BINARY} AS binary

FROM scratch
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="rasphone_exporter" \
      org.opencontainers.image.description="Prometheus exporter for the RAS phone book of Exchange servers on Windows NT 4.0 and 2000" \
      org.opencontainers.image.source="https://github.com/rasphone-exporter/rasphone_exporter" \
      org.opencontainers.image.documentation="https://github.com/rasphone-exporter/rasphone_exporter/blob/main/README.md" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=binary /src/rasphone_exporter /rasphone_exporter
COPY LICENSE /LICENSE
# The lockout file is written here: mount a volume, or it is lost with the container.
COPY --from=binary --chown=65534:65534 /state /var/lib/rasphone_exporter
ENV STATE_DIRECTORY=/var/lib/rasphone_exporter
# rasphone.yml is looked for here, and password files beside it: user 65534 has to be
# able to read them. Nothing is written here.
WORKDIR /etc/rasphone_exporter
USER 65534:65534
EXPOSE 10196
# Another port, or TLS: --health-cmd "/rasphone_exporter healthcheck --url=https://localhost:10196/-/healthy"
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s --retries=3 CMD ["/rasphone_exporter", "healthcheck"]
ENTRYPOINT ["/rasphone_exporter"]
