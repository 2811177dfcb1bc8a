# docker build --tag rasphone_exporter .
# docker run --publish 10196:10196 --volume "$PWD/rasphone.yml:/etc/rasphone_exporter/rasphone.yml:ro" rasphone_exporter
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS
ARG TARGETARCH
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH make build

FROM scratch
COPY --from=build /src/rasphone_exporter /rasphone_exporter
COPY --from=build /src/LICENSE /LICENSE
# The configuration is looked for here, and password files beside it: user 65534
# has to be able to read them.
WORKDIR /etc/rasphone_exporter
USER 65534:65534
EXPOSE 10196
ENTRYPOINT ["/rasphone_exporter"]
