/** Codes that nobody here can decide: asked of a terminology server, and the record waits for the answer. */

import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Parameters, StructureDefinition, ValueSet } from '@medplum/fhirtypes';
import { afterEach, expect, test } from 'vitest';
import { knownCanonicals, loadParts, ROOT } from '../../src/cli/load.ts';
import { openTerms } from '../../src/cli/validate/terms.ts';
import { loadConfig } from '../../src/config.ts';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { createPipeline } from '../../src/pipeline.ts';
import { readJson } from '../../src/source/read-json.ts';
import { createValidator } from '../../src/validation/validator.ts';

const BASE = 'https://trust.example/fhir';
const config = loadConfig({ cwd: ROOT, root: ROOT });
const loaded = config.ok ? loadParts(config.value, ROOT) : config;
if (!config.ok || !loaded.ok) throw new Error('the shipped sources do not load');
const parts = loaded.value;

/** A profile whose code is bound to a set that only a server can tell. */
const canonicals = knownCanonicals(ROOT);
canonicals.add({
  resourceType: 'ValueSet',
  url: `${BASE}/ValueSet/asked`,
  status: 'active',
  compose: {
    include: [
      { system: 'http://snomed.info/sct', filter: [{ property: 'concept', op: 'is-a', value: '125677006' }] },
    ],
  },
} satisfies ValueSet);
const bound = (strength: 'required' | 'extensible'): StructureDefinition =>
  ({
    resourceType: 'StructureDefinition',
    url: `${BASE}/StructureDefinition/request-${strength}`,
    name: 'Request',
    status: 'active',
    kind: 'resource',
    abstract: false,
    type: 'ServiceRequest',
    baseDefinition: 'http://hl7.org/fhir/StructureDefinition/ServiceRequest',
    derivation: 'constraint',
    differential: {
      element: [
        { id: 'ServiceRequest', path: 'ServiceRequest' },
        {
          id: 'ServiceRequest.code',
          path: 'ServiceRequest.code',
          binding: { strength, valueSet: `${BASE}/ValueSet/asked` },
        },
      ],
    },
  }) as StructureDefinition;
canonicals.add(bound('required'));
canonicals.add(bound('extensible'));
const validator = createValidator({ canonicals, definitions: loadBaseDefinitions(canonicals) });

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A terminology server that knows one answer. */
async function terminologyServer(result: boolean | undefined): Promise<{ url: string; asked: Parameters[] }> {
  const asked: Parameters[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push(JSON.parse(body) as Parameters);
      const answer: Parameters = {
        resourceType: 'Parameters',
        parameter: [{ name: 'result', valueBoolean: result ?? false }],
      };
      response.writeHead(result === undefined ? 503 : 200, { 'content-type': 'application/fhir+json' });
      response.end(JSON.stringify(answer));
    });
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** Converts the referral of a shipped example, held against the profile, with this server or none. */
async function convert(strength: 'required' | 'extensible', url: string | undefined) {
  if (!config.ok) throw new Error('no configuration');
  const terminology = url === undefined ? undefined : { url, timeoutMs: 5_000, concurrency: 4, keepHours: 1 };
  const terms = openTerms({ ...config.value, terminology }, () => 0);
  const pipeline = createPipeline({
    ...parts,
    validator,
    claims: new Map([['ServiceRequest', [`${BASE}/StructureDefinition/request-${strength}`]]]),
    ownerOrg: () => 'Z99901',
    route: () => [],
    clock: () => 0,
    askCodes: terms.ask,
    onUnchecked: terms.count,
  });
  const input = readFileSync(
    join(ROOT, 'mappings/platform/examples/referral/adult-referred-by-gp/input.json'),
    'utf8',
  );
  const reader = parts.sources.get('platform')!.kinds.get('referral')!;
  const { bundle, outcome } = await pipeline.convert(readJson(reader, input, { nowMs: 0 }));
  terms.close();
  const issues = (outcome?.issue ?? []).map(
    (issue) => `${issue.severity} ${ruleOf(issue)} ${issue.expression?.[0]}`,
  );
  return { resources: bundle.entry?.length ?? 0, issues, unchecked: terms.unchecked() };
}

test('takes a record whose codes the server knows', async () => {
  const server = await terminologyServer(true);
  const { resources, issues, unchecked } = await convert('required', server.url);
  expect(resources).toBeGreaterThan(3);
  expect({ issues, unchecked }).toEqual({ issues: [], unchecked: 0 });
  expect(server.asked).toHaveLength(1);
});

test('refuses a record whose required code the server refuses, and warns of an extensible one', async () => {
  const server = await terminologyServer(false);
  expect(await convert('required', server.url)).toEqual({
    resources: 0,
    issues: ['error terminology-code ServiceRequest.code'],
    unchecked: 0,
  });
  expect(await convert('extensible', server.url)).toMatchObject({
    issues: ['warning terminology-code ServiceRequest.code'],
    unchecked: 0,
  });
});

test('takes a record unchecked, and counts it, where the server is down or there is none', async () => {
  const server = await terminologyServer(undefined);
  expect(await convert('required', server.url)).toMatchObject({ issues: [], unchecked: 1 });
  expect(await convert('required', 'http://127.0.0.1:9')).toMatchObject({ issues: [], unchecked: 1 });
  expect(await convert('required', undefined)).toMatchObject({ issues: [], unchecked: 1 });
});
