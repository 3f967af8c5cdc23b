# docker build -t k8snet . && docker run --rm -v "$PWD:/charts:ro" k8snet .
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY pytest_k8snet pytest_k8snet
RUN python -m venv /opt/k8snet && /opt/k8snet/bin/pip install --no-cache-dir ".[helm]"

FROM python:3.13-slim
COPY --from=build /opt/k8snet /opt/k8snet
ENV PATH=/opt/k8snet/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
WORKDIR /charts
ENTRYPOINT ["k8snet"]
CMD ["--help"]
