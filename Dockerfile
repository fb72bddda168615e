# One image definition for every service: `--build-arg WORKSPACE=services/loadgen`. Node runs the
# TypeScript directly.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS deps
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages/contracts/package.json packages/contracts/
COPY packages/kit/package.json packages/kit/
COPY packages/music/package.json packages/music/
COPY packages/plan/package.json packages/plan/
COPY packages/project/package.json packages/project/
COPY packages/workload/package.json packages/workload/
COPY workloads/music/package.json workloads/music/
COPY services/server/package.json services/server/
COPY services/loadgen/package.json services/loadgen/
COPY services/chaos/package.json services/chaos/
COPY services/orchestrator/package.json services/orchestrator/
COPY embedded/package.json embedded/
ARG WORKSPACE
# Installs this workspace and its dependencies. npm may nest packages under workspaces, so later
# stages copy the whole tree.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --workspace ${WORKSPACE} && chmod -R a+rX .

# COPY preserves file modes. With a umask of 077 they are 0600, unreadable for user 1000. The modes
# are changed in stages that are thrown away, so that no file is stored twice.
FROM ${NODE_IMAGE} AS code
WORKDIR /app
COPY packages packages
COPY workloads workloads
ARG WORKSPACE
COPY ${WORKSPACE} ${WORKSPACE}
COPY docker docker
RUN chmod -R a+rX .

FROM ${NODE_IMAGE} AS service
WORKDIR /app
ENV NODE_ENV=production
COPY --from=deps /app ./
COPY --from=code /app ./
# Named volumes inherit their owner from the image. A tmpfs inherits the mode of the folder under it
# when its container restarts.
RUN mkdir /runs /journal && chown 1000:1000 /runs && mkdir -m 1777 /scratch
USER 1000:1000
ENTRYPOINT ["node"]

# A warm compile cache halves the server's start-up time. A crash never writes it, so it is filled
# here, by the same user and with the same flags; V8 rejects a cache made with others.
# embedded/src/topology.ts (serverFlags) explains the flags. Without --foreground, timeout may signal
# twice, and at a second signal the server exits at once, with code 1.
FROM service AS server
ENV NODE_COMPILE_CACHE=/app/.compile-cache
USER 0:0
COPY server_config.json server_config.json
RUN chmod a+r server_config.json && mkdir .compile-cache && chown 1000:1000 .compile-cache
USER 1000:1000
RUN ENCORE_SCRATCH_DIR=/tmp timeout --foreground --preserve-status -s TERM 5 node --min-semi-space-size=8 --max-semi-space-size=8 services/server/src/main.ts
CMD ["--min-semi-space-size=8", "--max-semi-space-size=8", "services/server/src/main.ts"]

FROM service
