/** Addresses written in ways that no client writes them: however one is spelt, nobody comes in by it who has no credential. */
import { request } from 'node:http';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AWAY, FHIR, openPlace } from './place.ts';

const GUARDED = [
  `${FHIR}/Patient`,
  `${FHIR}/Patient/1`,
  `${FHIR}/Patient/1/$everything`,
  `${FHIR}/AuditEvent`,
  `${FHIR}/$graphql`,
  '/intake/platform/referral',
  '/worklist/1',
  '/work/1',
  '/metrics',
  '/control/status',
];
/** What is open, to begin with and go on from. */
const OPEN = [
  '/health',
  `${FHIR}/metadata`,
  `${FHIR}/.well-known/smart-configuration`,
  '/assets',
  '/favicon.ico',
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'];
/** What stands between, before or behind the parts of a path. */
const BETWEEN = [
  '/',
  '//',
  '/./',
  '/%2e/',
  '/../',
  '/%2e%2e/',
  '/..%2f',
  '%2f',
  '%5c',
  '/;/',
  '/;x=1/',
  '%00/',
];
const BEHIND = ['', '/', '?', '#', '%20', '%00', ';', ';jsessionid=1', '.json', '/.', '%2f', '?_format=xml'];

const encoded = (letter: string): string => `%${letter.charCodeAt(0).toString(16).padStart(2, '0')}`;
const spelt = fc
  .record({
    open: fc.option(fc.constantFrom(...OPEN), { nil: '', freq: 2 }),
    path: fc.constantFrom(...GUARDED),
    between: fc.constantFrom(...BETWEEN),
    behind: fc.constantFrom(...BEHIND),
    letters: fc.array(fc.constantFrom('as it is', 'other case', 'encoded', 'encoded twice'), {
      size: 'small',
    }),
    from: fc.nat(30),
  })
  .map(({ open, path, between, behind, letters, from }) => {
    const whole = [...open.split('/'), ...path.split('/').slice(1)].join('/');
    const changed = [...whole].map((letter, at) => {
      const how = letters[at - from];
      if (letter === '/' || how === undefined || how === 'as it is') return letter;
      if (how === 'encoded') return encoded(letter);
      if (how === 'encoded twice') return encoded(letter).replace('%', '%25');
      return letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
    });
    const cut = changed.indexOf('/', 1 + (from % Math.max(1, changed.length - 2)));
    const text = changed.join('');
    return `${cut > 0 ? `${changed.slice(0, cut).join('')}${between}${changed.slice(cut + 1).join('')}` : text}${behind}`;
  });

/** As written: fetch would put it right first. */
function statusOf(url: string, method: string, path: string): Promise<number> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, method, path, headers: AWAY }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.on('error', reject).end();
  });
}

test('no spelling of an address and no method lets in who has no credential', async () => {
  const { url } = await openPlace({ tokenRequestsPerMinute: 100_000 });
  const refused = new Set([400, 401, 404]);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...METHODS), spelt, async (method, path) => {
      expect([method, path, refused.has(await statusOf(url, method, path))]).toEqual([method, path, true]);
    }),
    { numRuns: 1_000 },
  );
}, 60_000);
