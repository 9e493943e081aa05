# An image that runs `gatekeeper serve` as a user of its own; docs/operating.md says how to start it.

FROM debian:12-slim AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv ca-certificates
WORKDIR /build
COPY requirements.lock requirements-dev.lock ./
# Every download is checked against a hash. The second environment makes the wheel and stays behind.
RUN python3 -m venv /opt/gatekeeper \
    && /opt/gatekeeper/bin/pip install --no-cache-dir --require-hashes --only-binary :all: \
        --requirement requirements.lock \
    && python3 -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes --only-binary :all: \
        --requirement requirements-dev.lock
COPY pyproject.toml README.md LICENSE ./
COPY gatekeeper gatekeeper
COPY config config
COPY migrations migrations
RUN /opt/build/bin/python -m hatchling build --target wheel \
    && /opt/gatekeeper/bin/pip install --no-deps --no-index dist/gatekeeper-*.whl

FROM debian:12-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 gnupg \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 2424 gatekeeper \
    && useradd --system --uid 2424 --gid 2424 --home-dir /var/lib/gatekeeper \
        --shell /usr/sbin/nologin gatekeeper \
    && install -d -o gatekeeper -g gatekeeper -m 0700 \
        /etc/gatekeeper /etc/gatekeeper/witness /var/lib/gatekeeper /run/gatekeeper
COPY --from=build /opt/gatekeeper /opt/gatekeeper
# Opened keys lie in RUNTIME_DIRECTORY: mount a tmpfs there, or the service does not start.
ENV PATH=/opt/gatekeeper/bin:/usr/local/bin:/usr/bin:/bin \
    GATEKEEPER_CONFIG=/etc/gatekeeper \
    RUNTIME_DIRECTORY=/run/gatekeeper \
    LANG=C.UTF-8
USER 2424:2424
WORKDIR /var/lib/gatekeeper
VOLUME ["/var/lib/gatekeeper"]
EXPOSE 2525
STOPSIGNAL SIGTERM
# The engine knows 0 and 1 only.
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s --retries=3 \
    CMD gatekeeper health || exit 1
ENTRYPOINT ["gatekeeper"]
CMD ["serve"]
