/**
 * Ports on which well-known images listen, and how Encore can check a connection to them. Used for
 * an image that is not on this machine, so that its EXPOSE is unknown.
 */
import type { Probe } from '@encore/contracts';

const images: readonly [RegExp, number, Probe][] = [
  [/postg(res|is)|timescale|pgvector/, 5432, 'postgres'],
  [/mysql|mariadb|percona/, 3306, 'banner'],
  [/redis(?!.*insight)|valkey|keydb|dragonfly/, 6379, 'redis'],
  [/mongo(?!.*express)/, 27017, 'none'],
  [/rabbitmq/, 5672, 'none'],
  [/memcached/, 11211, 'none'],
  [/^nats/, 4222, 'banner'],
  [/elasticsearch|opensearch$/, 9200, 'http'],
  [/kafka/, 9092, 'none'],
  [/cassandra|scylla/, 9042, 'none'],
  [/mssql|sql-edge/, 1433, 'none'],
  [/couchdb/, 5984, 'http'],
  [/neo4j/, 7687, 'none'],
  [/solr/, 8983, 'http'],
  [/consul/, 8500, 'http'],
  [/vault/, 8200, 'http'],
  [/mosquitto/, 1883, 'none'],
  [/activemq/, 61616, 'banner'],
  [/localstack/, 4566, 'http'],
  [/clickhouse/, 8123, 'http'],
  [/influxdb/, 8086, 'http'],
  [/minio/, 9000, 'http'],
  [/etcd/, 2379, 'http'],
  [/zookeeper/, 2181, 'none'],
  [/^(nginx|httpd|caddy|traefik|wordpress|nextcloud|ghost)/, 80, 'http'],
  [/prometheus/, 9090, 'http'],
  [/grafana/, 3000, 'http'],
  [/kibana/, 5601, 'http'],
  [/logstash/, 5044, 'none'],
];

/** Name without registry, owner, tag and digest: `postgres` for `docker.io/bitnami/postgres:17`. */
export function shortImage(image: string): string {
  return (image.split('/').at(-1) ?? '').replace(/[:@].*$/, '');
}

export function usualPort(image: string): { port: number; probe: Probe } | undefined {
  const found = images.find(([pattern]) => pattern.test(shortImage(image)));
  return found && { port: found[1], probe: found[2] };
}

/** Guesses from the port first: an image may have more than one. */
export function probeOf(port: number, image: string | undefined): Probe {
  const known = image === undefined ? undefined : usualPort(image);
  const byPort = images.find(([, usual]) => usual === port);
  if (known?.port === port) return known.probe;
  if (byPort !== undefined) return byPort[2];
  if ([21, 22, 25, 143, 110, 587].includes(port)) return 'banner';
  return looksLikeHttp(port) ? 'http' : 'none';
}

/** 80, 3000, 5000, 8000 to 8099, 8888, 9000 and the like. */
function looksLikeHttp(port: number): boolean {
  return port === 80 || port === 1080 || /^(3000|4000|5000|5173|5601|8\d{3}|9[09]\d{2})$/.test(String(port));
}
