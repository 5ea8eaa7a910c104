/** The capability statement says what is served: no more, no less. */
import type {
  CapabilityStatement,
  CapabilityStatementRestResource,
  CapabilityStatementRestResourceSearchParam,
  SearchParameter,
} from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { readDefinitionBundle, STORED_TYPES } from '../../src/fhir/definitions.ts';
import { parts, startAdapter } from './adapter.ts';

const BASE = '/fhir/R4';
const VALUES = {
  token: 'x',
  reference: 'Patient/x',
  date: '2025',
  uri: 'urn:x',
  string: 'x',
  number: '1',
  quantity: '1',
} as const;

async function statement(get: (path: string) => Promise<Response>): Promise<CapabilityStatement> {
  const answer = await get(`${BASE}/metadata`);
  expect(answer.headers.get('content-type')).toBe('application/fhir+json; charset=utf-8');
  return (await answer.json()) as CapabilityStatement;
}

/** What else is served, such as the audit, is tested where it is made. */
function storedIn(capability: CapabilityStatement): readonly CapabilityStatementRestResource[] {
  const stored: readonly string[] = STORED_TYPES;
  return (capability.rest?.[0]?.resource ?? []).filter(({ type = '' }) => stored.includes(type));
}

test('is a valid CapabilityStatement of R4 for the types that are stored', async () => {
  const adapter = await startAdapter();
  const capability = await statement(adapter.get);
  expect(parts().validator.validate(capability)).toEqual([]);
  expect(capability).toMatchObject({
    fhirVersion: '4.0.1',
    kind: 'instance',
    software: { name: 'Hedgerow', version: '1.2.3' },
    implementation: { url: adapter.url + BASE },
  });
  expect(storedIn(capability).map((one) => one.type)).toEqual([...STORED_TYPES]);
});

test('lists the search parameters that a strict client may use, and R4 has no other that it may', async () => {
  const adapter = await startAdapter();
  const capability = await statement(adapter.get);
  const strict = { Prefer: 'handling=strict' };
  const definitions = readDefinitionBundle('search-parameters.json') as SearchParameter[];
  for (const { type, searchParam = [] } of storedIn(capability)) {
    const listed = new Set(searchParam.map((one) => one.name));
    for (const one of searchParam) {
      const answer = await adapter.get(`${BASE}/${type}?${one.name}=${valueFor(one)}`, strict);
      expect([type, one.name, answer.status]).toEqual([type, one.name, 200]);
    }
    for (const { code, base, type: kind } of definitions) {
      const isOfType = base?.includes(type!) || base?.includes('Resource' as never);
      if (!isOfType || listed.has(code!)) continue;
      const answer = await adapter.get(`${BASE}/${type}?${code}=${kind === 'date' ? '2025' : 'x'}`, strict);
      expect([type, code, answer.status]).toEqual([type, code, 400]);
    }
  }

  function valueFor({ type, definition }: CapabilityStatementRestResourceSearchParam): string {
    const { component = [], target = [] } = definitions.find(({ url }) => url === definition) ?? {};
    if (type === 'reference') return `${target[0]}/x`;
    if (type !== 'composite') return VALUES[type as keyof typeof VALUES];
    const kinds = component.map((one) => definitions.find(({ url }) => url === one.definition)?.type);
    return kinds.map((kind) => VALUES[kind as keyof typeof VALUES]).join('$');
  }
});

/** Values that some modifiers want. */
const CLINICAL = 'http://terminology.hl7.org/CodeSystem/condition-clinical|active';
const FOR_MODIFIER: Readonly<Record<string, string>> = {
  missing: 'true',
  'of-type': 'urn:kinds|MR|1',
  'token below': CLINICAL,
  'token above': CLINICAL,
  'uri below': 'https://a.example/b',
  'uri above': 'https://a.example/b',
};

test('says of each search parameter which modifiers a strict client may use', async () => {
  const adapter = await startAdapter();
  const capability = await statement(adapter.get);
  const written = ['exact', 'contains', 'missing', 'not', 'below', 'above', 'text', 'identifier', 'of-type'];
  const various = storedIn(capability).filter(({ type }) => /^(?:Patient|Questionnaire)$/.test(type!));
  for (const { type, searchParam = [] } of various)
    for (const { name, type: kind, documentation = '' } of searchParam)
      for (const modifier of written) {
        const value =
          FOR_MODIFIER[`${kind} ${modifier}`] ??
          FOR_MODIFIER[modifier] ??
          VALUES[kind as keyof typeof VALUES];
        const answer = await adapter.get(`${BASE}/${type}?${name}:${modifier}=${value}`);
        const isListed = new RegExp(`:${modifier}\\b(?!-)`).test(documentation);
        expect([type, name, modifier, answer.status]).toEqual([type, name, modifier, isListed ? 200 : 400]);
      }
});

test('lists the includes that are served, both ways, and those only', async () => {
  const adapter = await startAdapter();
  const capability = await statement(adapter.get);
  const resources = storedIn(capability);
  for (const { type, searchInclude = [], searchParam = [] } of resources)
    for (const { name } of searchParam) {
      const answer = await adapter.get(`${BASE}/${type}?_count=1&_include=${type}:${name}`);
      const status = searchInclude.includes(`${type}:${name}`) ? 200 : 400;
      expect([type, name, answer.status]).toEqual([type, name, status]);
    }
  const references = resources.flatMap(({ type, searchParam = [] }) =>
    searchParam.flatMap((one) => (one.type === 'reference' ? [`${type}:${one.name}`] : [])),
  );
  for (const { type, searchRevInclude = [] } of resources.filter((one) => one.type === 'Patient'))
    for (const reference of references) {
      const answer = await adapter.get(`${BASE}/${type}?_count=1&_revinclude=${reference}`);
      const status = searchRevInclude.includes(reference) ? 200 : 400;
      expect([type, reference, answer.status]).toEqual([type, reference, status]);
    }
});

test('serves each read that it lists, on each type and on all', async () => {
  const adapter = await startAdapter();
  const capability = await statement(adapter.get);
  const paths: Record<string, string> = {
    read: '/x',
    vread: '/x/_history/1',
    'history-instance': '/x/_history',
  };
  const lists: Record<string, string> = { 'search-type': '', 'history-type': '/_history' };
  for (const { type, interaction = [] } of storedIn(capability)) {
    const codes = interaction.map((one) => one.code);
    expect(codes).toEqual(expect.arrayContaining([...Object.keys(paths), ...Object.keys(lists)]));
    for (const path of Object.values(paths))
      expect(await (await adapter.get(`${BASE}/${type}${path}`)).text()).toContain('api-not-found');
    for (const path of Object.values(lists))
      expect((await adapter.get(`${BASE}/${type}${path}`)).status).toBe(200);
  }
  const codes = capability.rest?.[0]?.interaction?.map((one) => one.code);
  expect(codes).toEqual(expect.arrayContaining(['history-system', 'search-system']));
  for (const path of ['', '/_history']) expect((await adapter.get(BASE + path)).status).toBe(200);
  for (const { name, type } of capability.rest?.[0]?.searchParam ?? []) {
    const answer = await adapter.get(`${BASE}?${name}=${VALUES[type as keyof typeof VALUES]}`, {
      Prefer: 'handling=strict',
    });
    expect([name, answer.status]).toEqual([name, 200]);
  }
});

test('serves $validate on the server and on each type, and $everything on patients', async () => {
  const adapter = await startAdapter();
  const capability = await statement(adapter.get);
  const validate = {
    name: 'validate',
    definition: 'http://hl7.org/fhir/OperationDefinition/Resource-validate',
  };
  expect(capability.rest?.[0]?.operation).toContainEqual(validate);
  for (const { type, operation } of storedIn(capability)) {
    expect(operation).toContainEqual(validate);
    const names = operation?.map(({ name }) => name);
    expect([type, names?.includes('everything')]).toEqual([type, type === 'Patient']);
    const answer = await adapter.post(
      `${BASE}/${type}/$validate`,
      JSON.stringify({ resourceType: type, nonsense: 1 }),
    );
    expect([answer.status, await answer.text()]).toEqual([
      200,
      expect.stringContaining('fhir-unknown-element'),
    ]);
  }
  expect((await adapter.post(`${BASE}/$validate`, '{"resourceType":"Patient"}')).status).toBe(200);
});
