/** Turns keys at a FHIR server into what it holds under them: in one batch where it has batches, else one by one. */
import type { Bundle } from '@medplum/fhirtypes';
import { copyIn, type FhirClient, type RemoteCopy, readCopy } from './fhir-client.ts';

/**
 * @param keys `Type/id` at the server
 * @returns a copy for each, in the same order; never rejects for what the server does
 */
export type ReadBack = (keys: readonly string[], signal: AbortSignal) => Promise<readonly RemoteCopy[]>;

/** @returns reads of one server, which is asked for a batch until it refuses one */
export function createReadBack(client: FhirClient): ReadBack {
  let hasBatches = true;
  return async (keys, signal) => {
    const together = hasBatches && keys.length > 1 ? await readBatch(client, keys, signal) : undefined;
    if (together === 'unsupported') hasBatches = false;
    else if (together) return together;
    const copies: RemoteCopy[] = [];
    for (const key of keys) copies.push(await readCopy(client, key, signal));
    return copies;
  };
}

/** @returns undefined where the answer tells nothing of the keys */
async function readBatch(
  client: FhirClient,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<readonly RemoteCopy[] | 'unsupported' | undefined> {
  const entry = keys.map((url) => ({ request: { method: 'GET' as const, url } }));
  const bundle: Bundle = { resourceType: 'Bundle', type: 'batch', entry };
  const reply = await client.send(
    { method: 'POST', path: '', headers: { prefer: 'return=representation' }, body: JSON.stringify(bundle) },
    signal,
  );
  if (!reply.ok) return keys.map(() => ({ state: 'unknown', refused: reply }));
  const answer = reply.body as Bundle | undefined;
  // Entries correspond by position only; with some missing, none can be told from another.
  if (reply.status === 200 && answer?.resourceType === 'Bundle' && answer.entry?.length === keys.length)
    return keys.map((key, index) => {
      const { response, resource } = answer.entry![index]!;
      const status = Number.parseInt(response?.status ?? '', 10) || 0;
      return copyIn(client, key, { status, body: resource ?? response?.outcome }, response?.etag);
    });
  const isRefused = reply.status >= 400 && reply.status < 500 && reply.status !== 408 && reply.status !== 429;
  return isRefused || reply.status === 501 ? 'unsupported' : undefined;
}
