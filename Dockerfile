# One file for every service of the lab: `--build-arg WORKSPACE=services/loadgen`. Node runs the TypeScript as it is.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS deps
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages/contracts/package.json packages/contracts/
COPY packages/kit/package.json packages/kit/
COPY packages/plan/package.json packages/plan/
COPY services/server/package.json services/server/
COPY services/loadgen/package.json services/loadgen/
COPY services/chaos/package.json services/chaos/
COPY services/orchestrator/package.json services/orchestrator/
COPY embedded/package.json embedded/
ARG WORKSPACE
# Only this workspace and what it depends on; npm may nest packages under the workspaces, so the whole tree is carried on.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --workspace ${WORKSPACE} && chmod -R a+rX .

# COPY keeps the mode that a file has in the checkout, and a umask of 077 leaves 0600, which the user 1000 cannot read. The modes
# are set in stages that are thrown away, so that no file is stored twice.
FROM ${NODE_IMAGE} AS code
WORKDIR /app
COPY packages packages
ARG WORKSPACE
COPY ${WORKSPACE} ${WORKSPACE}
COPY docker docker
RUN chmod -R a+rX .

FROM ${NODE_IMAGE} AS service
WORKDIR /app
ENV NODE_ENV=production
COPY --from=deps /app ./
COPY --from=code /app ./
# Folders for named volumes take their owner from the image; a tmpfs takes the mode of the folder under it when its container is started again.
RUN mkdir /runs /journal && chown 1000:1000 /runs && mkdir -m 1777 /scratch
USER 1000:1000
ENTRYPOINT ["node"]

# The server starts twice as fast with a warm compile cache. A crash never writes it, so it is filled here, by the user that runs it
# and with the same flags, without which V8 does not take it. They are explained in embedded/src/topology.ts (serverFlags).
FROM service AS server
ENV NODE_COMPILE_CACHE=/app/.compile-cache
USER 0:0
COPY server_config.json server_config.json
RUN chmod a+r server_config.json && mkdir .compile-cache && chown 1000:1000 .compile-cache
USER 1000:1000
RUN ENCORE_SCRATCH_DIR=/tmp timeout --preserve-status -s TERM 5 node --min-semi-space-size=8 --max-semi-space-size=8 services/server/src/main.ts
CMD ["--min-semi-space-size=8", "--max-semi-space-size=8", "services/server/src/main.ts"]

FROM service
