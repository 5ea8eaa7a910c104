/** A client of Bulk Data Access 2.0 that takes nothing on trust: it holds every answer to what the specification says of it. */
import type { Bundle, OperationOutcome, Parameters, Resource } from '@medplum/fhirtypes';

export interface BulkAsked {
  /** FHIR base */
  readonly base: string;
  /** below the base: `$export?_type=Patient`, `Group/1/$export` */
  readonly path: string;
  /** asked by POST with these */
  readonly parameters?: Parameters;
  readonly token: string;
  /** of the Prefer header, beside respond-async */
  readonly prefer?: string;
  /** resources say no time: they are de-identified */
  readonly timeless?: boolean;
}

export interface BulkItem {
  readonly type: string;
  readonly url: string;
  readonly count?: number;
}

export interface BulkManifest {
  readonly transactionTime: string;
  readonly request: string;
  readonly requiresAccessToken: boolean;
  readonly output: readonly BulkItem[];
  readonly deleted?: readonly BulkItem[];
  readonly error: readonly BulkItem[];
}

export interface BulkResult {
  readonly status: string;
  readonly manifest: BulkManifest;
  /** in the order of the files and their lines */
  readonly resources: readonly (Resource & { id: string })[];
  /** as `Type/id` */
  readonly deleted: readonly string[];
  readonly errors: readonly OperationOutcome[];
  readonly polls: number;
}

/** What an answer did not keep to. */
class Breach extends Error {}

function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Breach(what);
}

/** @returns where the export is asked after @source Bulk Data Access 2.0, Kick-off Request */
export async function kickedOff({ base, path, parameters, token, prefer }: BulkAsked): Promise<string> {
  const answer = await fetch(`${base}/${path}`, {
    method: parameters ? 'POST' : 'GET',
    headers: {
      Accept: 'application/fhir+json',
      Prefer: ['respond-async', ...(prefer ? [prefer] : [])].join(', '),
      Authorization: `Bearer ${token}`,
      ...(parameters ? { 'Content-Type': 'application/fhir+json' } : {}),
    },
    ...(parameters ? { body: JSON.stringify(parameters) } : {}),
  });
  const body = await answer.text();
  must(answer.status === 202, `kick-off was answered ${answer.status}: ${body}`);
  const status = answer.headers.get('content-location');
  must(status !== null && URL.canParse(status), 'Content-Location is an absolute URL');
  return status;
}

/** Polls as it is told to, until there is a manifest. */
export async function awaited(
  status: string,
  token: string,
): Promise<{ manifest: BulkManifest; polls: number }> {
  for (let polls = 1; ; polls++) {
    const answer = await fetch(status, {
      headers: { Accept: 'application/json', Authorization: `Bearer ${token}` },
    });
    if (answer.status === 202) {
      const progress = answer.headers.get('x-progress');
      must(progress === null || progress.length < 100, 'X-Progress has fewer than 100 characters');
      const after = Number(answer.headers.get('retry-after'));
      must(Number.isInteger(after) && after > 0 && after <= 60, 'Retry-After says how long to wait');
      await new Promise((resolve) => setTimeout(resolve, after * 1_000));
      continue;
    }
    must(answer.status === 200, `the status was answered ${answer.status}: ${await answer.clone().text()}`);
    must(/^application\/json\b/.test(answer.headers.get('content-type') ?? ''), 'a manifest is JSON');
    const expires = Date.parse(answer.headers.get('expires') ?? '');
    must(expires > Date.now(), 'Expires is in the time to come');
    return { manifest: checked((await answer.json()) as BulkManifest), polls };
  }
}

/** @source Bulk Data Access 2.0, Response - Complete Status */
function checked(manifest: BulkManifest): BulkManifest {
  const { transactionTime, request, requiresAccessToken, output, error, deleted = [] } = manifest;
  must(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(transactionTime), 'an instant');
  must(Date.parse(transactionTime) <= Date.now(), 'transactionTime is not yet to come');
  must(URL.canParse(request), 'request is a URL');
  must(typeof requiresAccessToken === 'boolean', 'requiresAccessToken is a boolean');
  must(Array.isArray(output) && Array.isArray(error), 'output and error are lists');
  const items = [...output, ...error, ...deleted];
  for (const { type, url, count } of items) {
    must(/^[A-Z][A-Za-z]+$/.test(type), 'an item has a type');
    must(URL.canParse(url), 'an item has a URL');
    must(count === undefined || (Number.isInteger(count) && count > 0), 'no file is empty');
  }
  must(new Set(items.map(({ url }) => url)).size === items.length, 'each file has a URL of its own');
  must(
    error.every(({ type }) => type === 'OperationOutcome'),
    'errors are OperationOutcomes',
  );
  must(
    deleted.every(({ type }) => type === 'Bundle'),
    'deletions are Bundles',
  );
  return manifest;
}

/** @returns the lines of a file, each a resource of the type that the manifest says */
export async function fileOf({ type, url, count }: BulkItem, token: string): Promise<Resource[]> {
  const answer = await fetch(url, {
    headers: { Accept: 'application/fhir+ndjson', Authorization: `Bearer ${token}` },
  });
  const text = await answer.text();
  must(answer.status === 200, `a file was answered ${answer.status}: ${text}`);
  must(answer.headers.get('content-type') === 'application/fhir+ndjson', 'a file is NDJSON');
  must(text.endsWith('\n'), 'the last line is whole');
  const lines = text.slice(0, -1).split('\n');
  must(count === undefined || lines.length === count, `${type}: ${lines.length} lines of ${count}`);
  const resources = lines.map((line) => JSON.parse(line) as Resource);
  must(
    resources.every(({ resourceType }) => resourceType === type),
    `all of a file is ${type}`,
  );
  return resources;
}

/** Does a whole export: kick-off, polling, manifest, files. @throws Error that says what did not hold */
export async function bulkExport(asked: BulkAsked): Promise<BulkResult> {
  const status = await kickedOff(asked);
  const { manifest, polls } = await awaited(status, asked.token);
  return { status, polls, ...(await filesOf(manifest, asked.token, asked.timeless)) };
}

export async function filesOf(
  manifest: BulkManifest,
  token: string,
  timeless = false,
): Promise<Omit<BulkResult, 'status' | 'polls'>> {
  const allOf = async (items: readonly BulkItem[]): Promise<Resource[]> =>
    (await Promise.all(items.map((item) => fileOf(item, token)))).flat();
  const resources = (await allOf(manifest.output)) as (Resource & { id: string })[];
  const time = Date.parse(manifest.transactionTime);
  for (const { id, meta } of resources) {
    must(id !== undefined, 'each resource has an id');
    must((meta?.lastUpdated === undefined) === timeless, 'each resource has a time, where it may say one');
    if (meta?.lastUpdated !== undefined)
      must(Date.parse(meta.lastUpdated) <= time, 'nothing is newer than transactionTime');
  }
  const keys = resources.map(({ resourceType, id }) => `${resourceType}/${id}`);
  must(new Set(keys).size === keys.length, 'no resource is there twice');
  const bundles = (await allOf(manifest.deleted ?? [])) as Bundle[];
  must(
    bundles.every(({ type }) => type === 'transaction'),
    'deletions are transactions',
  );
  const deleted = bundles.flatMap(({ entry = [] }) =>
    entry.map(({ request, resource }) => {
      must(request?.method === 'DELETE' && resource === undefined, 'a deletion is a DELETE without content');
      return request.url!;
    }),
  );
  const errors = (await allOf(manifest.error)) as OperationOutcome[];
  return { manifest, resources, deleted, errors };
}

/** @source Bulk Data Access 2.0, Delete Request */
export async function removed(status: string, token: string): Promise<void> {
  const headers = { Authorization: `Bearer ${token}` };
  const answer = await fetch(status, { method: 'DELETE', headers });
  must(answer.status === 202, `the deletion was answered ${answer.status}`);
  const after = await fetch(status, { headers });
  must(after.status === 404, `what was deleted is answered ${after.status}`);
  const outcome = (await after.json()) as OperationOutcome;
  must(outcome.resourceType === 'OperationOutcome', 'a 404 has an OperationOutcome');
}
