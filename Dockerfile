# The command line in a container: docs/containers.md says how to build it, run it and check it.

# The base image with its digest, such as python:3.13-slim@sha256:... It has no default: a tag alone
# is another image next week, and which digest you trust is for you to say.
ARG BASE

# What installs, for all stages but the last. virtualenv brings a pip that takes hashes from a lock
# given as constraints, as 26.1 and newer do; that of the base image may be older. Every library is
# compared with its hash, so a cache of downloads does no harm; the secret is a pip.conf, for those
# who install from an index of their own.
FROM ${BASE} AS base
ENV PATH=/build/bin:${PATH} \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements requirements
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    python -m pip install --no-compile -r requirements/tox.txt && python -m virtualenv /build

# What predicts, in an environment that the last stage takes as it is. Made again after a change to
# the lock only.
FROM base AS libraries
RUN python -m venv --without-pip /app
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    python -m pip --python /app/bin/python install --no-compile -r requirements/runtime.txt

FROM base AS train
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    python -m pip install --no-compile \
        -c requirements/lock.txt -r requirements/build.in \
        -r requirements/runtime.in -r requirements/train.in -r requirements/report.in
COPY regression_model regression_model
# The time that the model file and the wheel record.
ARG SOURCE_DATE_EPOCH
RUN python -m regression_model train

FROM train AS build
COPY pyproject.toml setup.py README.md LICENSE ./
RUN python -m build --no-isolation --wheel --outdir dist

# The wheel alone. `--build-context wheel=dist` puts a wheel that you have in its place, for example
# the published one: then nothing is trained or built here.
FROM scratch AS wheel
COPY --from=build /src/dist/*.whl /

FROM libraries AS test
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    python -m pip --python /app/bin/python install --no-compile \
        -c requirements/lock.txt -r requirements/test_runtime.in
COPY --from=wheel /*.whl dist/
RUN python -m pip --python /app/bin/python install --no-deps --no-compile dist/*.whl
COPY pyproject.toml CHANGELOG.md ./
COPY tests tests
ARG PYTEST_ARGUMENTS="tests/runtime"
# hadolint ignore=SC2086
RUN /app/bin/python -P -m pytest -p no:cacheprovider ${PYTEST_ARGUMENTS}

# The wheel that was tested, without what tested it. Compiled here, because nothing can be written
# later, and with hashes of the sources in place of their times, which differ from build to build.
FROM libraries AS install
COPY --from=test /src/dist/*.whl dist/
RUN python -m pip --python /app/bin/python install --no-deps --no-compile dist/*.whl \
    && /app/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /app/lib
ARG VERSION
RUN test "$(/app/bin/python -c 'import regression_model as it; print(it.__version__)')" = "${VERSION}" \
    || { echo "the build argument VERSION is '${VERSION}', and not the version of the wheel"; exit 1; }

FROM ${BASE} AS predict
ARG BASE
ARG VERSION
ARG REVISION
ARG CREATED
LABEL org.opencontainers.image.title="regression-model" \
      org.opencontainers.image.description="Predicts house prices from rows in a file" \
      org.opencontainers.image.licenses="BSD-3-Clause" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="${BASE}"
COPY --from=install /app /app
# Nothing is written, and onnxruntime does not report its use, which it does unless it is told.
ENV PATH=/app/bin:${PATH} \
    PYTHONDONTWRITEBYTECODE=1 \
    ORT_DISABLE_TELEMETRY=1
# Where the files to predict are mounted.
WORKDIR /data
USER 65532:65532
# It ends when its work is done: its exit code says how it went, and there is nothing to ask between.
HEALTHCHECK NONE
ENTRYPOINT ["regression-model"]
CMD ["--help"]
