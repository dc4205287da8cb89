# One image for web, worker and beat; docker-compose.yml says which command each runs.
ARG BASE=python:3.13-slim-bookworm

# The packages, by their hashes.
FROM ${BASE} AS packages
RUN python -m venv /opt/venv
COPY requirements.lock /tmp/requirements.lock
RUN /opt/venv/bin/pip install --no-cache-dir --require-hashes --requirement /tmp/requirements.lock

# The application, with its static files collected.
FROM packages AS application
WORKDIR /app
COPY . .
# Collecting asks nobody for these; without them production would not start.
RUN LEADFLOW_ENV=production \
    SECRET_KEY=only-while-the-image-is-built-and-then-never-used-again \
    SUPPRESSION_KEY=only-while-the-image-is-built-and-then-never-used-again \
    DATABASE_URL=postgres://nobody@nowhere/nothing \
    REDIS_URL=redis://nowhere \
    ALLOWED_HOSTS=nowhere \
    /opt/venv/bin/python manage.py collectstatic --no-input \
    && /opt/venv/bin/python -m compileall -q leadflow reports handoff nurture prospects team

FROM ${BASE}
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin leadflow
COPY --from=packages /opt/venv /opt/venv
COPY --from=application /app /app
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    LEADFLOW_ENV=production \
    BIND=0.0.0.0:8000
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://localhost:8000/healthz', timeout=4)"]
CMD ["gunicorn"]
