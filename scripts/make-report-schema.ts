/**
 * Writes docs/schema/report.schema.json from the contract, so that other programs can validate a
 * report without Encore: `node scripts/make-report-schema.ts`. A test fails when the two differ.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { reportSchema } from '@encore/contracts';

export const reportSchemaPath = join(import.meta.dirname, '..', 'docs', 'schema', 'report.schema.json');

export function reportJsonSchema(): string {
  const schema = reportSchema.toJSONSchema({ target: 'draft-2020-12' });
  const titled = { $schema: schema.$schema, title: 'Report of an Encore run', ...schema };
  return `${JSON.stringify(titled, null, 2)}\n`;
}

if (import.meta.main) {
  mkdirSync(dirname(reportSchemaPath), { recursive: true });
  writeFileSync(reportSchemaPath, reportJsonSchema());
}
