# The image of forstok-accurate: the binary, the C library it is linked to, root certificates. No shell, no package
# manager. It runs as user 65532 and writes to /data alone. With Docker: `docker build --tag forstok-accurate .`;
# on a machine without Docker: `deploy/build-image`.

# It brings the C compiler that SQLite and ring are built with.
FROM rust:1-slim-bookworm AS fetch
WORKDIR /build

# All that comes from a network comes in this stage; the next one needs none, and deploy/build-image gives it none.
# The layer is kept until Cargo.toml or Cargo.lock changes. cargo auditable writes the list of crates into the binary,
# where scanners (trivy, grype, syft) find it, since this image has no packages that they could read.
# A bench, test or bin that Cargo.toml names needs a file, as main.rs and lib.rs do.
COPY .cargo ./.cargo
COPY Cargo.toml Cargo.lock ./
RUN mkdir src benches && echo 'fn main() {}' > src/main.rs && touch src/lib.rs \
    && sed -n '/^\[\[bench\]\]/{n;s/^name = "\(.*\)"/\1/p}' Cargo.toml | while read -r bench; do touch "benches/$bench.rs"; done \
    && cargo fetch --locked --target "$(rustc -vV | sed -n 's/^host: //p')" \
    && cargo install --locked --root /tools cargo-auditable@0.7.7
ENV PATH=/tools/bin:$PATH

FROM fetch AS build
RUN cargo auditable build --release --locked --offline

# The program. Touched, because cargo compares times and copies keep those of the repository.
COPY . .
RUN touch src/main.rs src/lib.rs && cargo auditable build --release --locked --offline

# What the image holds. Linked to glibc rather than static: only so does it look up names as the machine is told to
# (nsswitch.conf, resolv.conf, search domains of a cluster). The libraries are those that the binary names, wherever
# they are on this kind of processor; glibc needs no other one for files and DNS. Names of functions are left out of the
# program, a fifth of its size: a panic still tells its file and line, and the list of crates stays.
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
