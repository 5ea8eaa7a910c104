/** Cases of code lists: inline ones with every relation, and every equivalence and mode of ConceptMaps. */
import type { ConceptMap, ConceptMapGroupElementTarget, ConceptMapGroupUnmapped } from '@medplum/fhirtypes';
import { type Construct, rules, type SpecCase } from './spec-case.ts';

const INLINE = 'mapping-language.html#grammar, conceptmap';
const RULE = `src.status as s -> tgt.maritalStatus = translate(s, '#list') "s";`;

const coded = (code: string, system = 'urn:t'): unknown => ({
  maritalStatus: { coding: [{ system, code }] },
});

/** @returns a case of one line of an inline list */
const inline = (lines: string, status: string, gives: unknown, issues: string[] = []): SpecCase =>
  rules(RULE, { status }, gives, {
    more: `conceptmap "#list" { prefix s = "urn:s" prefix t = "urn:t" ${lines} }`,
    issues,
  });

/** Relations that say there is no such code. */
const NONE = ['!=', '--'];

const relation = (sign: string): Construct => ({
  name: `conceptmap relation ${sign}`,
  section: INLINE,
  cases: [
    inline(`s:a ${sign} t:A`, 'a', NONE.includes(sign) ? {} : coded('A')),
    inline(`s:"b 1" ${sign} t:"B 1" s:c == t:C`, 'b 1', NONE.includes(sign) ? {} : coded('B 1')),
  ],
});

const URL = 'https://hedgerow.example/list';

/** @returns a case of a ConceptMap from a file */
function mapped(
  status: string,
  gives: unknown,
  target: ConceptMapGroupElementTarget,
  unmapped?: ConceptMapGroupUnmapped,
  others: readonly ConceptMap[] = [],
  issues: readonly string[] = [],
): SpecCase {
  const listOf = (url: string, more: ConceptMapGroupUnmapped | undefined): ConceptMap => ({
    resourceType: 'ConceptMap',
    status: 'active',
    url,
    group: [
      {
        source: 'urn:s',
        target: 'urn:t',
        element: [{ code: 'a', target: [target] }],
        ...(more && { unmapped: more }),
      },
    ],
  });
  return rules(RULE.replace('#list', URL), { status }, gives, {
    conceptMaps: Object.fromEntries([listOf(URL, unmapped), ...others].map((map) => [map.url, map])),
    issues,
  });
}

/** Equivalences that say there is no such code; the others all translate. */
const NO_MATCH = ['unmatched', 'disjoint'];

const equivalence = (code: ConceptMapGroupElementTarget['equivalence']): Construct => {
  const gives = NO_MATCH.includes(code!) ? {} : coded('A');
  return {
    name: `equivalence ${code}`,
    section: 'conceptmap.html, group.element.target.equivalence',
    cases: [
      mapped('a', gives, { code: 'A', equivalence: code! }),
      mapped('b', {}, { code: 'A', equivalence: code! }, undefined, [], ['map-unmapped-code']),
    ],
  };
};

const OTHER: ConceptMap = {
  resourceType: 'ConceptMap',
  status: 'active',
  url: 'urn:other',
  group: [{ target: 'urn:o', element: [{ code: 'z', target: [{ code: 'Z', equivalence: 'equal' }] }] }],
};
const A = { code: 'A', equivalence: 'equal' } as const;

export const CODES: readonly Construct[] = [
  ...['-', '=', '==', '!=', '--', '<=', '<-', '>=', '>-', '~'].map(relation),
  {
    name: 'conceptmap of several groups',
    section: INLINE,
    cases: [
      inline('prefix u = "urn:u" s:a == t:A u:b == s:B', 'a', coded('A')),
      inline('prefix u = "urn:u" s:a == t:A u:b == s:B', 'b', coded('B', 'urn:s')),
    ],
  },
  {
    name: 'conceptmap unmapped for',
    section: INLINE,
    cases: [
      inline('unmapped for s = provided s:a == t:A', 'z', coded('z')),
      inline('s:a == t:A', 'z', {}, ['map-unmapped-code']),
    ],
  },
  ...(
    [
      'relatedto',
      'equivalent',
      'equal',
      'wider',
      'subsumes',
      'narrower',
      'specializes',
      'inexact',
      'unmatched',
      'disjoint',
    ] as const
  ).map(equivalence),
  {
    name: 'unmapped provided',
    section: 'conceptmap.html, group.unmapped',
    cases: [
      mapped('z', coded('z'), A, { mode: 'provided' }),
      mapped('a', coded('A'), A, { mode: 'provided' }),
    ],
  },
  {
    name: 'unmapped fixed',
    section: 'conceptmap.html, group.unmapped',
    cases: [
      mapped('z', coded('U'), A, { mode: 'fixed', code: 'U' }),
      mapped('a', coded('A'), A, { mode: 'fixed', code: 'U' }),
    ],
  },
  {
    name: 'unmapped other-map',
    section: 'conceptmap.html, group.unmapped',
    cases: [
      mapped('z', coded('Z', 'urn:o'), A, { mode: 'other-map', url: 'urn:other' }, [OTHER]),
      mapped('y', {}, A, { mode: 'other-map', url: 'urn:other' }, [OTHER], ['map-unmapped-code']),
    ],
  },
];
