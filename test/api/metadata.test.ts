/** The capability statement says what is served: no more, no less. */
import type { CapabilityStatement, SearchParameter } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { readDefinitionBundle, STORED_TYPES } from '../../src/fhir/definitions.ts';
import { parts, startAdapter } from './adapter.ts';

const BASE = '/fhir/R4';
const VALUES = { token: 'x', reference: 'Patient/x', date: '2025', uri: 'urn:x' } as const;

async function statement(get: (path: string) => Promise<Response>): Promise<CapabilityStatement> {
  const answer = await get(`${BASE}/metadata`);
  expect(answer.headers.get('content-type')).toBe('application/fhir+json; charset=utf-8');
  return (await answer.json()) as CapabilityStatement;
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
  expect(capability.rest?.[0]?.resource?.map((one) => one.type)).toEqual([...STORED_TYPES]);
});

test('lists the search parameters that a strict client may use, and R4 has no other that it may', async () => {
  const adapter = await startAdapter();
  const capability = await statement(adapter.get);
  const strict = { Prefer: 'handling=strict' };
  const definitions = readDefinitionBundle('search-parameters.json') as SearchParameter[];
  for (const { type, searchParam = [] } of capability.rest?.[0]?.resource ?? []) {
    const listed = new Set(searchParam.map((one) => one.name));
    for (const one of searchParam) {
      const target =
        one.name === 'questionnaire' || one.type !== 'reference' ? undefined : referenceFor(one.definition);
      const value = target ?? VALUES[one.type as keyof typeof VALUES];
      const answer = await adapter.get(`${BASE}/${type}?${one.name}=${value}`, strict);
      expect([type, one.name, answer.status]).toEqual([type, one.name, 200]);
    }
    for (const { code, base, type: kind } of definitions) {
      if (!base?.includes(type!) || listed.has(code!)) continue;
      const answer = await adapter.get(`${BASE}/${type}?${code}=${kind === 'date' ? '2025' : 'x'}`, strict);
      expect([type, code, answer.status]).toEqual([type, code, 400]);
    }
  }

  function referenceFor(url: string | undefined): string {
    const definition = definitions.find((one) => one.url === url);
    const isPatient = definition?.code === 'patient' || definition?.code === 'subject';
    return `${isPatient ? 'Patient' : definition?.target?.[0]}/x`;
  }
});

test('lists the includes that are served, and those only', async () => {
  const adapter = await startAdapter();
  const capability = await statement(adapter.get);
  for (const { type, searchInclude = [], searchParam = [] } of capability.rest?.[0]?.resource ?? []) {
    for (const { name } of searchParam) {
      const answer = await adapter.get(`${BASE}/${type}?_include=${type}:${name}`);
      expect([type, name, answer.status]).toEqual([
        type,
        name,
        searchInclude.includes(`${type}:${name}`) ? 200 : 400,
      ]);
    }
  }
});

test('serves each interaction that it lists, on each type', async () => {
  const adapter = await startAdapter();
  const capability = await statement(adapter.get);
  const rules: Record<string, string> = {
    read: '/x',
    vread: '/x/_history/1',
    'history-instance': '/x/_history',
  };
  for (const { type, interaction = [] } of capability.rest?.[0]?.resource ?? []) {
    expect(interaction.map((one) => one.code).sort()).toEqual([
      'history-instance',
      'read',
      'search-type',
      'vread',
    ]);
    for (const path of Object.values(rules))
      expect(await (await adapter.get(`${BASE}/${type}${path}`)).text()).toContain('api-not-found');
    expect((await adapter.get(`${BASE}/${type}`)).status).toBe(200);
  }
});

test('serves the operation that it lists, on the server and on each type', async () => {
  const adapter = await startAdapter();
  const capability = await statement(adapter.get);
  const validate = {
    name: 'validate',
    definition: 'http://hl7.org/fhir/OperationDefinition/Resource-validate',
  };
  expect(capability.rest?.[0]?.operation).toEqual([validate]);
  for (const { type, operation } of capability.rest?.[0]?.resource ?? []) {
    expect(operation).toEqual([validate]);
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
