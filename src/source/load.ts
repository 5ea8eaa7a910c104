/** Turns a source's folder into its checked manifest and one reader a kind. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Checked, refuse } from '../fhir/outcome.ts';
import { isTimeZone } from '../fhir/zoned-time.ts';
import { type KindManifest, type SourceManifest, THINGS } from './kind.ts';
import type { KindReader } from './kind-reader.ts';
import { compileSchemaCheck } from './schema-check.ts';
import { planSchema, type Schema } from './schema-plan.ts';

/** A source, ready to read. */
export interface LoadedSource {
  readonly manifest: SourceManifest;
  readonly folder: string;
  readonly kinds: ReadonlyMap<string, KindReader>;
}

const fileName = z.string().regex(/^[\w.-]+$/, 'a file name in the same folder');

const kindSchema = z.strictObject({
  schema: fileName,
  map: fileName,
  back: fileName
    .refine(
      (name) => name.startsWith('back-'),
      'a file name that starts with back-, as all maps of the way back do',
    )
    .optional(),
  model: z.string().min(1),
  key: z.array(z.string().min(1)).min(1),
  time: z.string().min(1).optional(),
  files: z.array(z.string().min(1)).optional(),
});

const manifestSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and hyphens'),
  timeZone: z
    .string()
    .default('Europe/London')
    .refine(isTimeZone, 'an IANA time zone, such as Europe/London'),
  backload: z.boolean().optional(),
  words: z.partialRecord(z.enum(THINGS), z.string().min(1)).optional(),
  kinds: z.record(
    z.string().regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and hyphens'),
    kindSchema,
  ),
});

/**
 * Loads `<folder>/source.json` and the schemas it names.
 * @returns the source; or one refusal (`source-manifest`, `source-schema`) that names the file and what to change
 */
export function loadSource(folder: string): Checked<LoadedSource> {
  const text = readJsonFile(folder, 'source.json');
  if (!text.ok) return text;
  const parsed = manifestSchema.safeParse(text.value);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(
      (issue) => `${issue.path.join('.') || 'source.json'}: ${issue.message}`,
    );
    return refuse({ rule: 'source-manifest', diagnostics: `source.json: ${faults.join('; ')}` });
  }
  const manifest = parsed.data as SourceManifest;
  const kinds = new Map<string, KindReader>();
  for (const [kind, kindManifest] of Object.entries(manifest.kinds)) {
    const reader = loadKind(folder, manifest, kind, kindManifest);
    if (!reader.ok) return reader;
    kinds.set(kind, reader.value);
  }
  return { ok: true, value: { manifest, folder, kinds } };
}

function loadKind(
  folder: string,
  source: SourceManifest,
  kind: string,
  manifest: KindManifest,
): Checked<KindReader> {
  const schema = readJsonFile(folder, manifest.schema);
  if (!schema.ok) return schema;
  const check = compileSchemaCheck(schema.value as Schema, manifest.schema);
  if (!check.ok) return check;
  const plan = planSchema(schema.value as Schema, manifest.schema);
  if (!plan.ok) return plan;
  const { name, timeZone } = source;
  return {
    ok: true,
    value: { source: name, kind, manifest, timeZone, plan: plan.value, check: check.value },
  };
}

function readJsonFile(folder: string, file: string): Checked<object> {
  try {
    const value: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    if (typeof value === 'object' && value !== null) return { ok: true, value };
    return refuse({ rule: 'source-manifest', diagnostics: `${file}: must be a JSON object` });
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'not readable';
    return refuse({ rule: 'source-manifest', diagnostics: `${file}: ${reason}` });
  }
}
