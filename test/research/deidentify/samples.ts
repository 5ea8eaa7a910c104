/** People and what is held of them, from the examples of the mappings, and what de-identifies them. */
import { globSync, readFileSync } from 'node:fs';
import { loadBaseDefinitions } from '../../../src/fhir/definitions.ts';
import {
  compileDeidentifier,
  type Deidentifier,
  type DeidentifyOptions,
} from '../../../src/research/deidentify/deidentify.ts';
import { Keys } from '../../../src/research/deidentify/keys.ts';
import type { People } from '../../../src/research/deidentify/people.ts';
import { type Rules, readRules } from '../../../src/research/deidentify/rules.ts';
import type { Held } from '../../../src/research/held.ts';

export const definitions = loadBaseDefinitions();
export const NOW_MS = Date.parse('2026-07-01T00:00:00Z');

export function keyOf(fill: number): Keys {
  return new Keys(Buffer.alloc(32, fill));
}

/** Everybody is in, and nobody was joined to anybody. */
export const EVERYBODY: People = { has: () => true, personOf: (id) => id, isMain: () => true };

export function shippedRules(): Rules {
  return rulesOf(JSON.parse(readFileSync('views/deidentify.rules.json', 'utf8')));
}

export function rulesOf(json: unknown): Rules {
  const read = readRules(json);
  if (!read.ok) throw new Error(JSON.stringify(read.outcome));
  return read.value;
}

/** @returns a de-identifier with the shipped rules, or these alone */
export function deidentifier(
  options: Partial<DeidentifyOptions> = {},
  rules: Rules = shippedRules(),
): Deidentifier {
  const compiled = compileDeidentifier(rules, definitions, {
    keys: keyOf(1),
    people: EVERYBODY,
    nowMs: NOW_MS,
    ...options,
  });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.outcome));
  return compiled.value;
}

/** @returns the JSON of a resource by a few rules, as a plain object; reasons are filled in */
export function deidentified(
  resource: object,
  rules: readonly object[],
  options: Partial<DeidentifyOptions> & { personId?: string | undefined } = {},
): Record<string, unknown> | undefined {
  const json = { shiftDays: 30, rules: rules.map((rule) => ({ ...rule, reason: 'a test' })) };
  const personId = 'personId' in options ? options.personId : 'p1';
  const held = { resource: { id: 'r1', ...resource }, personId } as Held;
  const left = deidentifier(options, rulesOf(json)).apply(held)?.resource as
    | Record<string, unknown>
    | undefined;
  if (!left) return undefined;
  const { meta: _meta, ...rest } = left;
  return rest;
}

type Entry = { readonly resource: Held['resource'] & { readonly subject?: { reference?: string } } };

/** @returns every resource of the mappings' examples, each with the person whose record it came in */
export function heldExamples(): Held[] {
  return globSync('mappings/*/examples/*/*/expected.fhir.json')
    .sort()
    .flatMap((file) => {
      const { entry } = JSON.parse(readFileSync(file, 'utf8')) as { entry: Entry[] };
      const text = JSON.stringify(entry);
      const own = entry.find(({ resource }) => resource.resourceType === 'Patient')?.resource.id;
      const personId = own ?? /"Patient\/([^"/]+)"/.exec(text)?.[1] ?? `nobody-${file}`;
      return entry.map(({ resource }) => ({
        resource,
        personId: NOBODYS.has(resource.resourceType) ? undefined : personId,
      }));
    });
}

const NOBODYS = new Set<string>([
  'HealthcareService',
  'Location',
  'Organization',
  'Practitioner',
  'PractitionerRole',
  'Schedule',
  'Slot',
  'VerificationResult',
]);
