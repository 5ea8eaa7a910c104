/** Turns a message that was taken into the answer to it: the message as it came, each resource under the id that it has here. */
import { STORED_TYPES } from '../../fhir/definitions.ts';
import type { BarsHeaders } from '../../nhs/bars/headers.ts';
import { idOfSent, remoteIdOf } from '../../nhs/bars/read-message.ts';
import type { CheckedMessage } from '../../nhs/bars/receive-checks.ts';
import { isJson } from '../../nhs/bars/receive-entries.ts';

const STORED: ReadonlySet<string> = new Set(STORED_TYPES);

/** The focus is answered with the id by which it can be asked for; nothing is said that its sender did not say. */
export function answeredBundle(
  { name }: { readonly name: string },
  { organisation }: Pick<BarsHeaders, 'organisation'>,
  { focus, asks }: CheckedMessage,
  body: unknown,
): unknown {
  if (!isJson(body) || !Array.isArray(body.entry)) return body;
  const { resourceType: type } = focus.resource;
  if (asks !== 'new' || !STORED.has(type)) return body;
  const id = idOfSent(name, organisation.odsCode, type, remoteIdOf(focus));
  const entry = (body.entry as readonly unknown[]).map((one, at) =>
    at === focus.at && isJson(one) ? { ...one, resource: { ...(one.resource as object), id } } : one,
  );
  return { ...body, entry };
}
