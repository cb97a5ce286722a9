# The image of the operator and of every job. Its first argument says which process it is: operator, jobmanager, taskmanager, uninstall-check.
# Built by `npm run image`, or by `npm run package && docker build -t streamjob .`; see docs/image.md.
#
# Both bases are arguments. BASE needs Node 24 and no shell; BUILD needs npm and a shell. For a build that
# can be repeated, name them by digest: --build-arg BASE=gcr.io/distroless/nodejs24-debian12@sha256:…
ARG BASE=gcr.io/distroless/nodejs24-debian12:nonroot
ARG BUILD=docker.io/library/node:24-bookworm-slim

# What is in it is JavaScript alone, so that the machine that builds makes the image of every architecture.
FROM --platform=$BUILDPLATFORM ${BUILD} AS package
# For a registry behind a certificate authority of your own: the path of its certificate in BUILD.
ARG NODE_EXTRA_CA_CERTS
WORKDIR /build
COPY package.json package-lock.json ./
# The locked versions; no install script runs. `--secret id=npmrc,src=…` gives npm settings that do not stay in the image.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc,required=false \
    npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund
COPY dist/package/ package/
# Nothing here reads declarations, source maps and pages about packages; Node loads nothing of the packages for the runtime Bare.
RUN node -e "for (const file of fs.globSync('/build/**/*.{ts,mts,cts,map,md}')) fs.rmSync(file)"
RUN node -e "for (const path of fs.globSync('/build/node_modules/bare-*')) fs.rmSync(path, { recursive: true })"
# Job files without a package.json of their own are modules.
WORKDIR /build/jobs/job
RUN node -e "fs.writeFileSync('../package.json', JSON.stringify({ type: 'module' }))"

# The platform is the default; buildah wants it said after a stage that has another one.
FROM --platform=$TARGETPLATFORM ${BASE}
ARG VERSION
LABEL org.opencontainers.image.title="streamjob" \
      org.opencontainers.image.description="Operator, JobManager and TaskManager of StreamJob" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
# Where distroless images and those of Node have node.
ENV PATH=/nodejs/bin:/usr/local/bin:/usr/bin:/bin
COPY --from=package /build/node_modules/ /opt/streamjob/lib/node_modules/
COPY --from=package /build/package/ /opt/streamjob/lib/
COPY --from=package /build/jobs/ /opt/streamjob/
# A job's own files; what it imports is looked for here and in the folders above, not among what StreamJob itself depends on.
WORKDIR /opt/streamjob/job
# "nonroot" of the distroless images; by number, so that a kubelet sees that it is not root.
USER 65532:65532
ENTRYPOINT ["node", "/opt/streamjob/lib/main/pod-main.js"]
