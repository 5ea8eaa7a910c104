/** Turns the published description of the BaRS API into one that can be checked against: files that it names and that were not published beside it are written from the guide's words. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const BARS_FOLDER = '../shared/conformance/openapi/bars';

const INSTANT = '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,7})?(Z|[+-]\\d{2}:\\d{2})$';
const BASE64 = {
  type: 'string',
  pattern: '^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$',
};
const PROFILES = { type: 'array', minItems: 1, items: { type: 'string', pattern: '^https?://' } };
const TEXT = { type: 'string', minLength: 1 };

const only = (...values: string[]) => ({ type: 'string', enum: values });
const resource = (type: string, required: readonly string[], properties: object) => ({
  type: 'object',
  required: ['resourceType', ...required],
  properties: { resourceType: only(type), ...properties },
});
const bundle = (type: string, required: readonly string[], item: object, more: object = {}) =>
  resource('Bundle', ['type', ...required], {
    type: only(type),
    entry: { type: 'array', items: { type: 'object', required: ['resource'], properties: item } },
    ...more,
  });

const SERVICE_REQUEST = resource('ServiceRequest', ['id', 'meta', 'status', 'intent', 'category'], {
  id: TEXT,
  meta: { type: 'object', required: ['profile'], properties: { profile: PROFILES } },
  status: only('draft', 'active', 'on-hold', 'revoked', 'completed', 'entered-in-error', 'unknown'),
  intent: only('plan'),
  category: { type: 'array', minItems: 1, maxItems: 1 },
});

/** What each of the missing files says, as far as the guide has it in words. */
const SCHEMAS: Readonly<Record<string, object>> = {
  TargetIdentifier: BASE64,
  RequestingOrganisation: BASE64,
  RequestingPractitioner: BASE64,
  RequestingSoftware: BASE64,
  ServiceRequest: SERVICE_REQUEST,
  SearchBundleRef: bundle('searchset', ['total'], { resource: SERVICE_REQUEST }),
  MessageDefinition: bundle('searchset', ['total'], {
    resource: resource('MessageDefinition', ['url', 'status', 'date', 'eventCoding', 'focus'], {
      eventCoding: { type: 'object', required: ['system', 'code'] },
      focus: { type: 'array', items: { type: 'object', required: ['code', 'profile', 'min', 'max'] } },
    }),
  }),
  Capability: resource('CapabilityStatement', ['status', 'date', 'kind', 'fhirVersion', 'format', 'rest'], {
    fhirVersion: only('4.0.1'),
  }),
  MessageBundle: bundle(
    'message',
    ['id', 'meta', 'timestamp', 'entry'],
    {
      fullUrl: { type: 'string', pattern: '^urn:uuid:[0-9a-f-]{36}$' },
      resource: {
        type: 'object',
        required: ['resourceType', 'id', 'meta'],
        properties: {
          meta: {
            type: 'object',
            required: ['profile', 'lastUpdated'],
            properties: { profile: PROFILES, lastUpdated: { type: 'string', pattern: INSTANT } },
          },
        },
      },
    },
    {
      timestamp: { type: 'string', pattern: INSTANT },
      meta: { type: 'object', required: ['versionId', 'lastUpdated', 'profile'] },
    },
  ),
  OperationalOutcome: resource('OperationOutcome', ['meta', 'issue'], {
    issue: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['severity', 'code', 'details', 'diagnostics'],
        properties: {
          severity: only('error'),
          details: {
            type: 'object',
            properties: {
              coding: {
                type: 'array',
                minItems: 1,
                items: {
                  type: 'object',
                  required: ['system', 'code'],
                  properties: { code: { type: 'string', pattern: '^(REC|SEND|PROXY)_[A-Z_]+$' } },
                },
              },
            },
          },
        },
      },
    },
  }),
};

/** @param isStrict false: files that are not there allow anything @returns the description's path, and what takes it away */
export function barsDescription(isStrict = true): { readonly path: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'bars-description-'));
  const text = readFileSync(join(BARS_FOLDER, 'booking-and-referral-1.2.0.yaml'), 'utf8');
  for (const name of ['examples1.1.0', 'examples1.2.0'])
    symlinkSync(resolve(BARS_FOLDER, name), join(folder, name));
  mkdirSync(join(folder, 'schemas1.2.0'));
  for (const [file, name] of text.matchAll(/schemas1\.2\.0\/(\w+)\.yaml/g))
    writeFileSync(join(folder, file), JSON.stringify((isStrict && SCHEMAS[name!]) || {}));
  writeFileSync(join(folder, 'description.yaml'), text);
  return {
    path: join(folder, 'description.yaml'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
