# The image of forstok-accurate: the binary, the C library it is linked to, and root certificates. No shell, no package
# manager. It runs as user 65532 and writes only to /data. With Docker: `docker build --tag forstok-accurate .`;
# on a machine without Docker: `deploy/build-image`.

# Contains the C compiler that SQLite and ring need. The version is pinned here and in deploy/build-image; dependabot
# proposes newer ones. This was written without access to a registry, so the digest is missing: `deploy/pin-images` adds
# it here and to all images in deploy/.
FROM rust:1.95.0-slim-bookworm AS fetch
# A command fails if any part of its pipe fails.
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /build

# Only this stage downloads anything; deploy/build-image runs the next one without network.
# The layer is cached until Cargo.toml or Cargo.lock changes. cargo auditable writes the list of crates into the binary
# for scanners (trivy, grype, syft), because the image has no packages that they could read.
# Cargo requires a file for every target that Cargo.toml names, so empty ones are created.
COPY .cargo ./.cargo
COPY Cargo.toml Cargo.lock ./
RUN mkdir src benches && echo 'fn main() {}' > src/main.rs && touch src/lib.rs \
    && sed -n '/^\[\[bench\]\]/{n;s/^name = "\(.*\)"/\1/p}' Cargo.toml | while read -r bench; do touch "benches/$bench.rs"; done \
    && cargo fetch --locked --target "$(rustc -vV | sed -n 's/^host: //p')" \
    && cargo install --locked --root /tools cargo-auditable@0.7.7
ENV PATH=/tools/bin:$PATH

FROM fetch AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN cargo auditable build --release --locked --offline

# The commit and its time, which `--version` and the metric build_info show. The repository is not copied into the
# build, so without these arguments they show none. Each takes its value from the environment:
#   export FORSTOK_ACCURATE_COMMIT="$(git rev-parse HEAD)" SOURCE_DATE_EPOCH="$(git show --no-patch --format=%ct)"
#   docker build --build-arg FORSTOK_ACCURATE_COMMIT --build-arg SOURCE_DATE_EPOCH --tag forstok-accurate .
ARG FORSTOK_ACCURATE_COMMIT
ARG SOURCE_DATE_EPOCH

# The program. `touch`, because cargo compares modification times, and copied files keep those of the repository.
COPY . .
RUN touch src/main.rs src/lib.rs && cargo auditable build --release --locked --offline

# The contents of the image. The program is linked to glibc instead of statically, because only glibc resolves names as
# configured (nsswitch.conf, resolv.conf, search domains of a cluster). `ldd` finds the libraries on any architecture;
# glibc needs no other one for files and DNS. `strip` removes the function names, a fifth of the program's size: a panic
# still reports its file and line, and the list of crates is kept.
RUN mkdir -p /image/usr/local/bin /image/etc/ssl/certs /image/etc/forstok-accurate /image/data \
    && strip --output-file=/image/usr/local/bin/forstok-accurate target/release/forstok-accurate \
    && ldd target/release/forstok-accurate | grep -o '/[^ ]*' | xargs -I '{}' cp --dereference --parents '{}' /image \
    && cp --dereference /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
    && echo 'hosts: files dns' > /image/etc/nsswitch.conf \
    && echo 'forstok:x:65532:65532::/data:/sbin/nologin' > /image/etc/passwd \
    && echo 'forstok:x:65532:' > /image/etc/group \
    && printf '%s\n' \
        '# Settings inside the container. Environment variables override them; a file mounted here replaces them.' \
        '[server]' 'listen = "0.0.0.0:8080"' \
        '[database]' 'url = "sqlite:///data/forstok-accurate.db"' \
        '[log]' 'format = "json"' > /image/etc/forstok-accurate/settings.toml \
    && chown 65532:65532 /image/data

FROM scratch
LABEL org.opencontainers.image.title="forstok-accurate" \
    org.opencontainers.image.description="Turns Forstok orders into exactly one correct sales invoice each in Accurate Online" \
    org.opencontainers.image.source="https://github.com/forstok-accurate/forstok-accurate" \
    org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /image /
# Numeric, so that Kubernetes can verify that the user is not root.
USER 65532:65532
# SQLite writes temporary files here if no other folder is writable.
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
    CMD ["/usr/local/bin/forstok-accurate", "health", "--config", "/etc/forstok-accurate/settings.toml"]
ENTRYPOINT ["/usr/local/bin/forstok-accurate"]
CMD ["serve", "--config", "/etc/forstok-accurate/settings.toml"]
