# One image for the web server and the workers.
FROM python:3.11-slim AS build
WORKDIR /app
COPY requirements.txt .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir -r requirements.txt

FROM python:3.11-slim
# The account that everything runs as; its number is fixed so that volumes keep their owner.
RUN useradd --uid 10001 --create-home unitscope \
    && install -d -o unitscope -g unitscope /data /data/media /static
COPY --from=build /venv /venv
WORKDIR /app
COPY --chown=root:root . .
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    UNITSCOPE_VAR=/data MEDIA_ROOT=/data/media STATIC_ROOT=/static STATIC_MANIFEST=yes
# The key is not used to collect files, and none is left in the image.
RUN SECRET_KEY=only-for-collecting-static-files-while-the-image-is-built-0000 \
    DATABASE_URL=sqlite:////tmp/none.sqlite3 python manage.py collectstatic --noinput \
    && rm -rf /data/* && install -d -o unitscope -g unitscope /data/media
USER unitscope
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--config", "config/gunicorn.py"]
