import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { maxLogBytes, serviceLog, servicesWithLogs } from './container-logs.ts';
import { type Engine, label } from './engine.ts';

const container = (id: string, service: string, labels: Record<string, string> = {}) => ({
  id,
  name: id,
  image: 'image',
  labels: { [label.project]: 'lab', [label.service]: service, ...labels },
});

function frame(stream: 1 | 2, text: string): Buffer {
  const body = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]);
}

function source(containers: readonly ReturnType<typeof container>[], logs: Record<string, Buffer> = {}) {
  const calls: unknown[][] = [];
  const engine = {
    list: async (project: string) => containers.filter(({ labels }) => labels[label.project] === project),
    logs: async (...args: unknown[]) => {
      calls.push(args.slice(0, 3));
      return logs[String(args[0])] ?? Buffer.alloc(0);
    },
  } as unknown as Engine;
  return { engine, project: 'lab', deadline: () => new AbortController().signal, calls };
}

describe('container logs', () => {
  it('lists the services of this project without containers of `docker compose run`', async () => {
    const containers = [
      container('a', 'server'),
      container('b', 'chaos'),
      container('c', 'orchestrator', { [label.oneoff]: 'True' }),
      container('d', 'foreign', { [label.project]: 'other' }),
    ];
    assert.deepEqual(await servicesWithLogs(source(containers)), ['chaos', 'server']);
  });

  it('names a target by its label, not by the service that runs it', async () => {
    const containers = [
      container('a', 'api-target', { [label.target]: 'api' }),
      container('b', 'api', { [label.target]: 'api-sidecar' }),
    ];
    const lab = source(containers, { a: frame(1, 'of the target\n') });
    assert.equal(await serviceLog(lab, 'api', 0), 'of the target\n');
  });

  it('removes the stream frames and keeps the order of lines', async () => {
    const bytes = Buffer.concat([frame(1, 'ready\n'), frame(2, 'fehl: ü\n'), frame(1, 'again\n')]);
    const lab = source([container('a', 'server')], { a: bytes });
    assert.equal(await serviceLog(lab, 'server', 1_234), 'ready\nfehl: ü\nagain\n');
    assert.deepEqual(lab.calls, [['a', 1_234, 25_000]]);
  });

  it('keeps the end of a long log, starting with a whole line', async () => {
    const line = `${'x'.repeat(999)}\n`;
    const bytes = frame(1, `first\n${line.repeat(maxLogBytes / 1_000)}`);
    const text = await serviceLog(source([container('a', 'server')], { a: bytes }), 'server', 0);
    assert.equal(text.length, maxLogBytes - 1_000);
    assert.ok(text.startsWith('x'.repeat(999)));
  });

  it('refuses a service of another project', async () => {
    const lab = source([container('d', 'foreign', { [label.project]: 'other' })]);
    await assert.rejects(serviceLog(lab, 'foreign', 0), { code: 'NOT_FOUND', status: 404 });
    assert.deepEqual(lab.calls, []);
  });
});
