# The adapter on Node 24, as an unprivileged user, with its data in /data.
FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional

FROM node:24-bookworm-slim
ENV NODE_ENV=production \
    HEDGEROW_HOST=0.0.0.0 \
    HEDGEROW_PORT=8080 \
    HEDGEROW_DATA_DIR=/data \
    HEDGEROW_INBOX_DIR=/inbox
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY src ./src
COPY profiles ./profiles
COPY mappings ./mappings
COPY views ./views
RUN mkdir /data /inbox && chown node:node /data /inbox
USER node
VOLUME ["/data", "/inbox"]
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s \
  CMD ["node", "src/main.ts", "health"]
ENTRYPOINT ["node", "src/main.ts"]
CMD ["start"]
