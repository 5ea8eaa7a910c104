/** A client that sees people only de-identified has no other way to them, by whatever address, method or right it tries. */
import { expect, test } from 'vitest';
import { openWhole } from '../../cli/whole.ts';
import { expectOutcome } from '../adapter.ts';
import { bearer, FHIR } from './place.ts';
import { tokenFor, vendorKey } from './vendor.ts';

async function openFor(more: object = {}) {
  const key = await vendorKey();
  const scopes = ['system/*.cruds', 'system/AuditEvent.rs'];
  const client = { id: 'study', organisations: 'all', purpose: 'research', scopes, deidentified: true };
  const clients = [{ ...client, jwks: { keys: [key.jwk] }, ...more }];
  const { adapter } = await openWhole({ access: { clients } });
  const token = await tokenFor(adapter.url, 'study', key);
  return (path: string, method = 'GET', headers: Record<string, string> = {}) =>
    fetch(`${adapter.url}${FHIR}${path}`, { method, headers: { ...bearer(token), ...headers } });
}

test.each([
  ['GET', '/Patient'],
  ['GET', '/Patient/x'],
  ['GET', '/patient/x'],
  ['GET', '/Patient/x/$everything'],
  ['GET', '/Patient/x/_history'],
  ['GET', '/_history'],
  ['GET', '/?_type=Patient'],
  ['POST', '/Patient/_search'],
  ['POST', '/Patient'],
  ['POST', ''],
  ['POST', '/$graphql'],
  ['POST', '/$convert'],
  ['GET', '/AuditEvent'],
  ['GET', '/Subscription'],
  ['GET', '/Group/x/$export'],
  ['GET', '/%50atient/$export'],
  ['GET', '/Patient/$export/../x'],
])('is refused %s %s', async (method, path) => {
  const ask = await openFor();
  const answer = await ask(path, method, { 'X-Break-Glass': 'to see who it is' });
  await expectOutcome(answer, 403, 'api-deidentified');
});

test.each([
  [{ purpose: undefined }, 'set "purpose" to research'],
  [{ sources: ['platform'] }, 'take out "sources"'],
  [{ permissions: ['console'] }, 'take out "permissions"'],
  [{ mayBreakGlass: true }, 'take out "mayBreakGlass"'],
  [{ seesRestricted: true }, 'take out "seesRestricted"'],
])('is no client of a configuration with %j', async (more, advice) => {
  await expect(openFor(more)).rejects.toThrow(JSON.stringify(advice).slice(1, -1));
});
