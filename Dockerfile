# The image of forstok-accurate: the binary, glibc and root certificates; no shell, no package manager.
# It runs as user 65532 and writes to /data alone.

# The same Debian release as the image below, so that both have the same glibc. It brings the C compiler that SQLite
# and ring are built with.
FROM rust:1-slim-bookworm AS build
WORKDIR /build

# Dependencies first: these layers are kept until Cargo.toml or Cargo.lock changes, and only the first needs a network.
# A [[bench]], [[test]] or [[bin]] that Cargo.toml names needs an empty file here, as main.rs and lib.rs do.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src && echo 'fn main() {}' > src/main.rs && touch src/lib.rs \
    && cargo fetch --locked --target "$(rustc -vV | sed -n 's/^host: //p')"
RUN cargo build --release --locked --offline

# The program. Touched, because cargo compares times and copies keep those of the repository.
COPY . .
RUN touch src/main.rs src/lib.rs && cargo build --release --locked --offline

# What the image adds to its base, with the settings that differ in a container.
RUN mkdir -p /image/usr/local/bin /image/etc/forstok-accurate /image/data \
    && cp target/release/forstok-accurate /image/usr/local/bin/ \
    && printf '%s\n' \
        '# Settings inside the container. The environment goes before them; a file mounted here replaces them.' \
        '[server]' 'listen = "0.0.0.0:8080"' \
        '[database]' 'url = "sqlite:///data/forstok-accurate.db"' \
        '[log]' 'format = "json"' > /image/etc/forstok-accurate/settings.toml \
    && chown 65532:65532 /image/data

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /image /
# Numbers, so that a cluster can see that it is not root.
USER 65532:65532
# SQLite puts temporary files here when there is no other place to write to.
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
    CMD ["/usr/local/bin/forstok-accurate", "health", "--config", "/etc/forstok-accurate/settings.toml"]
ENTRYPOINT ["/usr/local/bin/forstok-accurate"]
CMD ["serve", "--config", "/etc/forstok-accurate/settings.toml"]
