# The console for compose.yaml; untried where no container daemon runs.
FROM python:3.11-slim
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /app
COPY requirements.txt ./
RUN python -m pip install --no-cache-dir --require-hashes -r requirements.txt
COPY manage.py Procfile ./
COPY ghconnect ghconnect
COPY licensing licensing
COPY locale locale
COPY static static
COPY templates templates
RUN useradd --system --uid 10001 ghconnect && mkdir var && chown ghconnect var
USER ghconnect
EXPOSE 8000
