/**
 * Ports on which well-known images listen, and how Encore can check a connection to them. Used for
 * an image that is not on this machine, so that its EXPOSE is unknown.
 */
import type { Probe } from '@encore/contracts';
import { shortImage } from '../compose/compose-model.ts';
import type { Protocol } from './protocols.ts';

/** The first entry of an image is its most important port; it listens on the others as well. */
const images: readonly [RegExp, number, Probe][] = [
  [/postg(res|is)|timescale|pgvector/, 5432, 'postgres'],
  [/mysql|mariadb|percona/, 3306, 'banner'],
  [/redis|valkey|keydb|dragonfly/, 6379, 'redis'],
  [/mongo/, 27017, 'none'],
  [/rabbitmq/, 5672, 'none'],
  [/memcached/, 11211, 'none'],
  [/^nats/, 4222, 'banner'],
  [/elasticsearch|opensearch$/, 9200, 'http'],
  [/elasticsearch|opensearch$/, 9300, 'none'],
  [/kafka/, 9092, 'none'],
  [/cassandra|scylla/, 9042, 'none'],
  [/mssql|sql-edge/, 1433, 'none'],
  [/couchdb/, 5984, 'http'],
  [/neo4j/, 7687, 'none'],
  [/neo4j/, 7474, 'http'],
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
  [/^nginx-unprivileged/, 8080, 'http'],
  [/^(nginx|httpd|caddy|traefik|wordpress|nextcloud)/, 80, 'http'],
  [/^ghost/, 2368, 'http'],
  [/prometheus/, 9090, 'http'],
  [/grafana/, 3000, 'http'],
  [/kibana/, 5601, 'http'],
  [/logstash/, 5044, 'none'],
  [/clickhouse/, 9000, 'none'],
];

/** Ports on which an image listens only if it is configured to do so. */
const optional: readonly [RegExp, number, Probe][] = [
  [/rabbitmq/, 15672, 'http'],
  [/minio/, 9001, 'http'],
  [/^nats/, 8222, 'http'],
];

/** Programs that work with a server of this name: `postgres-exporter`, `kafka-ui`. */
const tool =
  /postgrest|export|backup|admin|express|commander|insight|template|reaper|renderer|clickhouse-k|[-_](ui|web|gui|rest|connect|registry|registrator|init|client|cli|tools?|operator|agent|meta|browser|companion|migrat\w*)\b/;
const fpm = { port: 9000, probe: 'none' } as const;

interface UsualPort {
  port: number;
  probe: Probe;
}

function portsIn(table: typeof images, image: string): UsualPort[] {
  const name = shortImage(image);
  if (tool.test(name)) return [];
  // PHP behind another server, with FastCGI: `nextcloud:30-fpm-alpine`.
  if (/:[^/]*\bfpm\b/.test(image)) return [fpm];
  return table.flatMap(([pattern, port, probe]) => (pattern.test(name) ? [{ port, probe }] : []));
}

export const usualPorts = (image: string): UsualPort[] => portsIn(images, image);
export const usualPort = (image: string): UsualPort | undefined => usualPorts(image)[0];

/** Including those on which the image listens only if it is configured to do so. */
export const knownPorts = (image: string): UsualPort[] => portsIn([...images, ...optional], image);

/** A server that stores data for others, and calls none of them. */
export function isDataStore(image: string): boolean {
  return /postg(res|is)|timescale|pgvector|mysql|mariadb|percona|redis|valkey|keydb|dragonfly|mongo|memcached/.test(
    usualPort(image) === undefined ? '' : shortImage(image),
  );
}

/** Where people look at a system rather than use it. */
export function isAdminTool(image: string): boolean {
  return /admin(er)?|express$|commander|insight|-ui$|kafdrop|mail(hog|pit|catcher|dev)|portainer|dozzle|grafana|prometheus|alertmanager|jaeger|zipkin|cadvisor|kibana/.test(
    shortImage(image),
  );
}

/**
 * How to check a connection to a port, from what clients speak there and else from what usually
 * listens there; undefined if nothing is known.
 */
export function probeOf(port: number, image: string, protocols: ReadonlySet<Protocol>): Probe | undefined {
  const own = knownPorts(image).find((known) => known.port === port)?.probe;
  if (own !== undefined && own !== 'http') return own;
  if (protocols.has('http')) return 'http';
  if (protocols.has('tls')) return 'none';
  if (own !== undefined) return own;
  const usual = images.find(([, known]) => known === port)?.[2];
  if (usual !== undefined && usual !== 'http') return usual;
  if ([21, 22, 25, 143, 110, 587].includes(port)) return 'banner';
  const ports = usualPorts(image);
  const isOther = protocols.has('other') || (ports.length > 0 && ports.every(({ probe }) => probe !== 'http'));
  if (isOther || isUsuallyTls(port) || notHttp.has(port)) return 'none';
  return usual === 'http' || looksLikeHttp(port) ? 'http' : undefined;
}

/** DNS, LDAP, RDP, SIP, XMPP, MQTT within TLS, and a game that many people run. */
const notHttp: ReadonlySet<number> = new Set([53, 389, 636, 3389, 5060, 5222, 5269, 8883, 25565]);

/** 443, 8443, 9443 and the like. */
const isUsuallyTls = (port: number): boolean => /^\d?443$/.test(String(port));

/** 80, 3000, 5000, 8000 to 8099, 8888, 9000 and the like. */
function looksLikeHttp(port: number): boolean {
  return port === 80 || port === 1080 || /^(3000|4000|5000|5173|5601|8\d{3}|9[09]\d{2})$/.test(String(port));
}
