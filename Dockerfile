# Build:  docker build -t pho2video .
# Run:    docker run --env-file .env -v pho2video:/data --read-only --tmpfs /tmp pho2video
ARG PYTHON_TAG=3.11.14-slim-bookworm

FROM python:${PYTHON_TAG} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /src
# The packages change more seldom than the code: their layer is kept between builds.
COPY requirements/runtime.txt requirements/runtime.txt
RUN python -m venv /venv \
    && /venv/bin/python -m pip install --no-deps --only-binary :all: --require-hashes -r requirements/runtime.txt \
    && /venv/bin/python -m pip check
COPY locales /app/locales
COPY sandbox /app/sandbox
COPY services /app/services
COPY handlers /app/handlers
COPY bot /app/bot
# Compiled here, since the root file system may be read-only where it runs.
RUN /venv/bin/python -m compileall -q /app \
    && /venv/bin/python -m pip uninstall --yes --quiet pip setuptools

FROM python:${PYTHON_TAG}
LABEL org.opencontainers.image.title="Pho2Video" \
      org.opencontainers.image.description="A Telegram bot that turns one to three photos and a caption into videos."
RUN groupadd --system --gid 10001 bot \
    && useradd --system --uid 10001 --gid bot --home-dir /data --no-create-home --shell /usr/sbin/nologin bot \
    && install --directory --owner=bot --group=bot --mode=0700 /data
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=1 \
    DATA_DIR=/data \
    HTTP_HOST=0.0.0.0 \
    HTTP_PORT=8080 \
    LOG_FORMAT=json
WORKDIR /app
USER 10001:10001
VOLUME ["/data"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 CMD ["python", "-m", "bot.healthcheck"]
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
