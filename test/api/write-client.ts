/** Sends FHIR writes to an adapter of a test. */

import type { Patient, Resource } from '@medplum/fhirtypes';
import { expect } from 'vitest';
import type { TestAdapter } from './adapter.ts';

export const BASE = '/fhir/R4';
export const ADA: Patient = { resourceType: 'Patient', name: [{ family: 'Abara', given: ['Ada'] }] };

export type Headers = Readonly<Record<string, string>>;

/** @param path below the FHIR base @param body sent as it is where it is text */
export function send(
  adapter: Pick<TestAdapter, 'url'>,
  method: string,
  path: string,
  body?: unknown,
  headers: Headers = {},
): Promise<Response> {
  return fetch(`${adapter.url}${BASE}${path}`, {
    method,
    headers: { 'Content-Type': 'application/fhir+json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
}

export async function created<T extends Resource>(
  adapter: Pick<TestAdapter, 'url'>,
  body: T,
): Promise<T & { id: string }> {
  const answer = await send(adapter, 'POST', `/${body.resourceType}`, body);
  expect([answer.status, await answer.clone().text()]).toEqual([201, expect.any(String)]);
  return (await answer.json()) as T & { id: string };
}

/** Says something of somebody. @param reference whose it is */
export function flagOn(reference: string): Resource {
  return {
    resourceType: 'Flag',
    status: 'active',
    code: { text: 'Lives alone' },
    subject: { reference },
  } as Resource;
}
