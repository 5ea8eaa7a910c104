/** Somebody who has the output, and knows much of the people in it, tries to find them. */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { beforeAll, describe, expect, test } from 'vitest';
import { inKeyedOrder } from '../../../src/research/deidentify/keyed-order.ts';
import type { Held } from '../../../src/research/held.ts';
import { knownValidator } from '../../validation/known.ts';
import { textsIn } from '../texts-in.ts';
import { deidentifier, heldExamples, keyOf } from './samples.ts';

type Json = { readonly [name: string]: unknown };
const examples = heldExamples();
let output: Held[];
let text: string;

async function exported(fill: number, held: readonly Held[] = examples): Promise<Held[]> {
  const one = deidentifier({ keys: keyOf(fill) });
  return await Array.fromAsync(inKeyedOrder(held.flatMap((each) => one.apply(each) ?? [])));
}

beforeAll(async () => {
  output = await exported(1);
  text = output.map(({ resource, personId }) => `${personId} ${JSON.stringify(resource)}`).join('\n');
});

const inputTexts = examples.flatMap(({ resource }) => [...textsIn(resource)]);
const OF_A_NAME = new Set(['family', 'given', 'line', 'city', 'district', 'postalCode']);
const IN_WORDS = new Set([
  'text',
  'div',
  'display',
  'valueString',
  'description',
  'comment',
  'title',
  'valueMarkdown',
]);

/** Words of codes and of addresses of code systems, which stay, and may be names too: nurse, example. */
const codeWords = new Set(
  inputTexts
    .filter(({ name }) => !IN_WORDS.has(name) && !OF_A_NAME.has(name) && name !== 'name' && name !== 'value')
    .flatMap(({ text: own }) => own.toLowerCase().split(/[^a-z]+/)),
);

describe('by what is in the output', () => {
  const forms = (secret: string): string[] => [
    ...[secret, secret.toUpperCase(), secret.toLowerCase(), [...secret].reverse().join('')],
    ...[Buffer.from(secret).toString('base64').replace(/=+$/, ''), Buffer.from(secret).toString('hex')],
    ...['md5', 'sha1', 'sha256', 'sha512'].map((hash) => createHash(hash).update(secret).digest('hex')),
    createHash('sha256').update(secret).digest('base64'),
    createHash('sha256').update(secret).digest('hex').slice(0, 32),
  ];

  test('there is something of most types in it', () => {
    const types = new Set(output.map(({ resource }) => resource.resourceType));
    for (const type of [
      'Patient',
      'ServiceRequest',
      'Task',
      'Encounter',
      'Observation',
      'QuestionnaireResponse',
      'Consent',
      'CarePlan',
    ])
      expect(types).toContain(type);
    expect(output.length).toBeGreaterThan(300);
  });

  test('no NHS number, name, address, telephone number, e-mail, id or source key is there in any form', () => {
    const secrets = new Set(
      inputTexts.flatMap(({ name, above, text: own }) => {
        if (name === 'id' && own.length > 8) return [own];
        const isKey = name === 'value' && (above === 'identifier' || above === 'telecom');
        return (isKey && own.length > 2) || (OF_A_NAME.has(name) && own.length > 4) ? [own] : [];
      }),
    );
    expect(secrets.size).toBeGreaterThan(150);
    const lower = text.toLowerCase();
    const isThere = (form: string): boolean =>
      text.includes(form) || (form.length > 4 && lower.includes(form.toLowerCase()));
    const found = [...secrets].filter(
      (secret) => !codeWords.has(secret.toLowerCase()) && forms(secret).some(isThere),
    );
    expect(found).toEqual([]);
    expect(lower).not.toMatch(/\b(?:ada|iroko|kwame|jade|peggy)\b/);
  });

  test('no day of birth is there', () => {
    const days = inputTexts.filter(({ name, text: own }) => name === 'birthDate' && own.length === 10);
    expect(days.length).toBeGreaterThan(15);
    for (const { text: day } of days)
      for (const form of [day, day.replaceAll('-', ''), day.slice(0, 7), day.split('-').reverse().join('/')])
        expect(text).not.toContain(form);
  });

  test('no day on which something happened to somebody is at its place', () => {
    const one = deidentifier();
    const days = (value: unknown): Map<string, string> =>
      new Map([...dated(value as Json, '')].map(({ path, day }) => [path, day]));
    let compared = 0;
    for (const held of examples) {
      const left = one.apply(held);
      if (!left || left.resource.resourceType === 'Patient') continue;
      const before = days(held.resource);
      for (const [path, day] of days(left.resource)) {
        compared++;
        expect(day.slice(0, 10)).not.toBe(before.get(path)?.slice(0, 10));
        expect(day).toMatch(/^\d{4}-\d\d-\d\d(?:T00:00:00Z)?$/);
      }
    }
    expect(compared).toBeGreaterThan(150);
  });

  test('no word that somebody wrote is there', () => {
    const words = new Set(
      inputTexts
        .filter(({ name, above }) => IN_WORDS.has(name) || (name === 'name' && above === ''))
        .flatMap(({ text: own }) => own.toLowerCase().split(/[^a-z]+/))
        .filter((word) => word.length > 3 && !codeWords.has(word)),
    );
    expect(words.size).toBeGreaterThan(250);
    // names of members are no words of somebody
    const values = output
      .flatMap(({ resource }) => [...textsIn(resource)].map(({ text: own }) => own.toLowerCase()))
      .join('\n');
    const known = new Set(values.split(/[^a-z]+/));
    expect([...words].filter((word) => known.has(word))).toEqual(
      ['masked'].filter((word) => words.has(word)),
    );
  });
});

function* dated(value: unknown, path: string): Generator<{ path: string; day: string }> {
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\d/.test(value)) yield { path, day: value };
  else if (typeof value === 'object' && value !== null)
    for (const [name, one] of Object.entries(value)) yield* dated(one, `${path}.${name}`);
}

describe('by putting two exports side by side', () => {
  test('under other keys nothing is in common that is not in common to many', async () => {
    const other = await exported(2);
    const own = (held: readonly Held[]): Set<string> =>
      new Set(
        held.flatMap(({ resource }) =>
          [...textsIn(resource)].flatMap(({ text: one }) => one.match(/[0-9a-f]{32}/g) ?? []),
        ),
      );
    const [first, second] = [own(output), own(other)];
    expect(first.size).toBe(second.size);
    expect([...first].filter((name) => second.has(name))).toEqual([]);
  });

  test('days of one person are shifted by other numbers under other keys', async () => {
    const [one, two] = [deidentifier({ keys: keyOf(1) }), deidentifier({ keys: keyOf(2) })];
    const people = Array.from({ length: 100 }, (_, at) => at);
    const day = (which: typeof one, at: number): string => {
      const resource = {
        resourceType: 'Goal',
        id: 'g',
        lifecycleStatus: 'active',
        statusDate: '2026-03-01',
        description: {},
        subject: {},
      };
      return (
        which.apply({ resource, personId: `p${at}` } as unknown as Held)!.resource as { statusDate?: string }
      ).statusDate!;
    };
    const same = people.filter((at) => day(one, at) === day(two, at));
    expect(same.length).toBeLessThan(8); // one in 120 by chance
  });

  test('the order says nothing of the order of the store, and differs from key to key', async () => {
    const observations = Array.from({ length: 60 }, (_, at): Held => {
      const resource = {
        resourceType: 'Observation',
        id: `o${at}`,
        status: 'final',
        code: {},
        valueInteger: at,
      };
      return { resource, personId: `p${at % 7}` } as unknown as Held;
    });
    const order = async (fill: number, held: readonly Held[]): Promise<number[]> =>
      (await exported(fill, held)).map(
        ({ resource }) => (resource as { valueInteger?: number }).valueInteger!,
      );
    const [first, second, backwards] = [
      await order(1, observations),
      await order(2, observations),
      await order(1, observations.toReversed()),
    ];
    expect(first.toSorted((a, b) => a - b)).toEqual(observations.map((_, at) => at));
    expect(first).toEqual(backwards);
    expect(first).not.toEqual(second);
    expect(first).not.toEqual(observations.map((_, at) => at));
  });

  test('under one key two exports are the same', async () => {
    expect(await exported(1, examples.toReversed().concat())).toHaveLength(output.length);
    expect((await exported(1)).map(({ resource }) => resource)).toEqual(
      output.map(({ resource }) => resource),
    );
  });

  test('no file of sorting is left behind, even where the reader stops half way', async () => {
    for await (const _ of inKeyedOrder(output)) break;
    expect((await readdir(tmpdir())).filter((name) => name.startsWith('hedgerow-order-'))).toEqual([]);
  });
});

test('what leaves is valid FHIR', () => {
  const validator = knownValidator();
  const faults = output.flatMap(({ resource }) =>
    validator
      .validate(resource)
      .filter(({ severity }) => severity === 'error' || severity === 'fatal')
      .map(({ expression, diagnostics }) => `${resource.resourceType} ${expression?.[0]}: ${diagnostics}`),
  );
  expect([...new Set(faults)]).toEqual([]);
});
