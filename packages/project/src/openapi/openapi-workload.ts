/**
 * Writes a YAML workload for the API of an OpenAPI document: reads, creates that are followed by
 * reads, and deletes. A comment names each operation that is left out, with the reason.
 */
import { Document, isMap, isScalar } from 'yaml';
import { operationName, wordsOf } from '../init/workload-names.ts';
import type { ApiDocument, ApiOperation } from './api-document.ts';
import { type BuiltRequest, buildRequest, type Shared } from './build-request.ts';
import { newId } from './drawn-value.ts';
import { type Resource, resourceOf } from './resource.ts';
import { Samples } from './sample-value.ts';

export interface OpenApiWorkload {
  /** Null if no operation is left. */
  text: string | null;
  kept: string[];
  leftOut: { operation: string; reason: string }[];
  /** Names of the constants that the user must fill in. */
  placeholders: string[];
}

interface Step {
  request: BuiltRequest;
  check?: { status?: number | number[]; json?: Record<string, unknown> };
  capture?: Record<string, string>;
  write?: { id: string; content: string };
  remember?: true;
  remove?: string;
}

interface Draft {
  weight: number;
  uses?: 'object';
  steps: Step[];
}

type Shown = Resource['shown'][number][1];

const readWeight = 5;
/** Paths that a probe should prefer. */
const probePaths = /\/(health\w*|ready|readyz|live|livez|status|ping|version|info)\/?$/i;
const methodText = ({ method, path }: ApiOperation): string => `${method} ${path}`;

export function openApiWorkload(api: ApiDocument, source: string): OpenApiWorkload {
  return new Builder(api).build(source);
}

class Builder {
  readonly #api: ApiDocument;
  readonly #shared: Shared;
  readonly #drafts = new Map<string, { draft: Draft; comment: string }>();
  readonly #kept = new Set<ApiOperation>();
  readonly #reasons = new Map<ApiOperation, string>();
  #first: string | undefined;
  #readBack: object | undefined;

  constructor(api: ApiDocument) {
    this.#api = api;
    this.#shared = { api, constants: new Map(), samples: new Samples(api.resolve) };
  }

  build(source: string): OpenApiWorkload {
    const { operations } = this.#api;
    for (const operation of operations)
      if (operation.deprecated) this.#reasons.set(operation, 'it is deprecated');
      else if (operation.method === 'POST' || operation.method === 'PUT')
        this.#try(operation, () => this.#create(operation));
    for (const operation of operations)
      if (operation.method === 'GET' && !operation.deprecated && !this.#kept.has(operation))
        this.#try(operation, () => this.#read(operation));
    const kept = operations.filter((operation) => this.#kept.has(operation));
    const leftOut = operations
      .filter((operation) => !this.#kept.has(operation))
      .map((operation) => ({
        operation: methodText(operation),
        reason: this.#reasons.get(operation) ?? otherwise(operation),
      }));
    const placeholders = Object.keys(this.#constants());
    return { text: this.#text(source, leftOut), kept: kept.map(methodText), leftOut, placeholders };
  }

  /** Keeps nothing of an operation for which something throws. */
  #try(operation: ApiOperation, add: () => ApiOperation[]): void {
    try {
      for (const used of add()) this.#kept.add(used);
    } catch (error) {
      this.#reasons.set(operation, error instanceof Error ? error.message : String(error));
    }
  }

  #read(operation: ApiOperation): ApiOperation[] {
    this.#add(operation, { weight: readWeight, steps: [{ request: this.#request(operation) }] });
    return [operation];
  }

  #create(operation: ApiOperation): ApiOperation[] {
    const resource = resourceOf(operation, this.#api, this.#shared.samples);
    if (resource.idPath !== null) return this.#createAndRead(resource, '{{ created }}');
    // A workload reads one kind of object back; others are only read immediately.
    return this.#readBack === undefined ? this.#createAndRemember(resource) : this.#createAndRead(resource, newId);
  }

  /** The server chooses the id, so everything happens in one operation. */
  #createAndRead({ create, read, remove, parameter, idPath, shown }: Resource, id: string): ApiOperation[] {
    const at = { [parameter]: id };
    const steps: Step[] = [
      {
        request: this.#request(create, idPath === null ? at : {}),
        ...(idPath === null ? {} : { capture: { created: idPath } }),
      },
      { request: this.#request(read, at), ...checkOf(shown) },
    ];
    if (remove !== undefined) {
      steps.push({ request: this.#request(remove, at) });
      if (read.statuses.includes(404)) steps.push({ request: this.#request(read, at), check: { status: 404 } });
    }
    this.#add(create, { weight: 1, steps });
    return [create, read, ...(remove === undefined ? [] : [remove])];
  }

  /** The user chooses the id, so Encore can read every object back after the faults. */
  #createAndRemember({ create, read, remove, parameter, shown }: Resource): ApiOperation[] {
    const at = (id: string) => ({ [parameter]: id });
    const content = [newId, ...shown.map(([, value]) => value)].join(' ');
    const request = this.#request(create, at(newId));
    const reading = { request: this.#request(read, at('{{ object.id }}')), ...checkOf(shown, ofObject) };
    const deleting = remove && this.#request(remove, at('{{ object.id }}'));
    this.#readBack = {
      request: this.#request(read, at('{{ id }}')),
      ...(shown.length === 0 ? {} : { capture: Object.fromEntries(shown.map(([path], i) => [`f${i + 1}`, path])) }),
      content: ['{{ id }}', ...shown.map((_, i) => `{{ f${i + 1} }}`)].join(' '),
    };
    this.#first = this.#add(create, { weight: 1, steps: [{ request, write: { id: newId, content }, remember: true }] });
    this.#add(read, { weight: readWeight, uses: 'object', steps: [reading] });
    if (remove === undefined || deleting === undefined) return [create, read];
    this.#add(remove, { weight: 1, uses: 'object', steps: [{ request: deleting, remove: '{{ object.id }}' }] });
    return [create, read, remove];
  }

  #request(operation: ApiOperation, values: Record<string, string> = {}): BuiltRequest {
    return buildRequest(operation, this.#shared, values);
  }

  /** Returns its name. */
  #add(operation: ApiOperation, draft: Draft): string {
    const name = operationName(wordsOf(operation.id) ?? ['operation'], this.#drafts);
    this.#drafts.set(name, { draft, comment: methodText(operation) });
    return name;
  }

  #text(source: string, leftOut: OpenApiWorkload['leftOut']): string | null {
    const [first] = this.#drafts;
    if (first === undefined) return null;
    const reads = [...this.#drafts.values()].filter(({ draft }) => draft.uses === undefined);
    const requests = reads.map(({ draft }) => draft.steps[0]?.request).filter((one) => one?.method === undefined);
    const probe = requests.find((one) => probePaths.test(one?.path ?? '')) ?? requests[0] ?? { path: '/' };
    const constants = Object.entries(this.#constants()).map(([name, { value }]) => [name, value] as const);
    const values = used(this.#shared.samples.drawn, this.#templates());
    const document = new Document(
      {
        ...(this.#first === undefined ? {} : { first: this.#first }),
        ...(constants.length === 0 ? {} : { constants: Object.fromEntries(constants) }),
        ...(Object.keys(values).length === 0 ? {} : { values }),
        probe: { request: probe },
        operations: Object.fromEntries([...this.#drafts].map(([name, { draft }]) => [name, draft])),
        ...(this.#readBack === undefined ? {} : { readBack: this.#readBack }),
      },
      { aliasDuplicateObjects: false },
    );
    for (const name of Object.keys(values)) {
      const value = document.getIn(['values', name], true);
      if (isMap(value)) value.flow = true;
    }
    document.commentBefore = comment([
      `What users do with "${this.#api.title}". Written by "encore init --openapi ${source}"; edit it freely.`,
      ...(this.#readBack === undefined
        ? ['Without readBack, Encore does not detect lost writes: docs/WORKLOADS.md shows how to add it.']
        : []),
      ...(leftOut.length === 0 ? [] : ['', 'Left out:']),
      ...leftOut.map(({ operation, reason }) => `  ${operation}: ${reason}`),
    ]);
    this.#explain(document);
    return document.toString({ lineWidth: 120, flowCollectionPadding: true });
  }

  #constants(): ReturnType<typeof used<{ value: string; comment: string }>> {
    return used(this.#shared.constants, this.#templates());
  }

  /** Text in which each template of the operations occurs. */
  #templates(): string {
    return JSON.stringify([...this.#drafts.values()]);
  }

  #explain(document: Document): void {
    const annotate = (path: string[], textOf: (name: string) => string | undefined) => {
      const map = document.getIn(path, true);
      if (!isMap(map)) return;
      for (const { key } of map.items) {
        const text = isScalar(key) ? textOf(String(key.value)) : undefined;
        if (isScalar(key) && text !== undefined) key.commentBefore = comment([text]);
      }
    };
    annotate(['operations'], (name) => this.#drafts.get(name)?.comment);
    annotate(['constants'], (name) => `Replace it. ${this.#shared.constants.get(name)?.comment}`);
  }
}

function otherwise({ method }: ApiOperation): string {
  if (method === 'DELETE') return 'no operation that is kept creates what it deletes';
  if (method === 'PATCH') return 'it changes an object that must exist; add it as a step if users do this';
  return 'it is neither a read, nor a create, nor a delete';
}

function checkOf(shown: Resource['shown'], change: (value: Shown) => Shown = (value) => value): Pick<Step, 'check'> {
  if (shown.length === 0) return {};
  return { check: { json: Object.fromEntries(shown.map(([path, value]) => [path, change(value)])) } };
}

/** What an earlier operation sent: `{{ object.new_price }}` for `{{ new_price }}`. */
function ofObject(value: Shown): Shown {
  return typeof value === 'string' ? value.replaceAll('{{ new_', '{{ object.new_') : value;
}

/** Those whose templates occur in the text. */
function used<Value>(all: ReadonlyMap<string, Value>, text: string): Record<string, Value> {
  const names = new Set([...text.matchAll(/\{\{ (?:object\.)?(\w+) \}\}/g)].map(([, name]) => name));
  return Object.fromEntries([...all].filter(([name]) => names.has(name)));
}

const comment = (lines: readonly string[]): string =>
  lines.map((line) => ` ${line.replaceAll(/[\r\n]+/g, ' ')}`.trimEnd()).join('\n');
