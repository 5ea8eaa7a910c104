/** Puts into the audit that the command line reads people's data beside the adapter. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { NewAccess } from '../../store/store.ts';
import type { Workshop } from '../again/workshop.ts';

export const noteAccessSchema = z.strictObject({
  /** codes are found again by these letters alone */
  interaction: z.string().regex(/^\$[a-z-]{1,40}$/),
});

export interface NotedEvent {
  readonly event: 'noted';
}

export async function* noteAccessJob(
  { store, clock }: Workshop,
  { interaction }: z.infer<typeof noteAccessSchema>,
): AsyncGenerator<NotedEvent> {
  await store.accesses.record([operatorAccess(interaction)], clock(), true);
  yield { event: 'noted' };
}

/** What the audit says of a command that reads people's data for research. */
export function operatorAccess(interaction: string): NewAccess {
  return {
    ...{ ownerOrg: '', client: 'operator', action: 'access', status: 200 },
    ...{ interactions: [interaction], request: randomUUID(), keys: [], params: [] },
    ...{ purpose: 'research', reason: undefined },
  };
}
