/** Serves $status: how the adapter stands, as far as it is the client's to know. */
import type { Parameters, ParametersParameter } from '@medplum/fhirtypes';
import type { Request, Response } from 'express';
import { STORED_TYPES } from '../../fhir/definitions.ts';
import type { Store } from '../../store/store.ts';
import { accessOf, touch } from '../access.ts';
import { sendFhir } from '../respond.ts';

export interface StatusOptions {
  readonly store: Pick<Store, 'counts' | 'writable' | 'incidents' | 'subscriptions'>;
  readonly clock: () => number;
  /** version of the adapter */
  readonly version: string;
}

export async function answerStatus(
  options: StatusOptions,
  request: Request,
  response: Response,
): Promise<void> {
  request.resume();
  const { store, clock, version } = options;
  const access = accessOf(response);
  const nowMs = clock();
  // what is counted over all organisations would tell one of them about the others
  const seesAll = access.viewer.organisations === undefined;
  const own = await store.subscriptions.list(access.client);
  const states = Map.groupBy(own, ({ state }) => state);
  const parameter: ParametersParameter[] = [
    { name: 'version', valueString: version },
    { name: 'fhirVersion', valueCode: '4.0.1' },
    { name: 'time', valueInstant: new Date(nowMs).toISOString() },
    { name: 'writable', valueBoolean: await store.writable() },
    ...STORED_TYPES.filter((type) => access.may(type, 'read')).map((type) => ({
      name: 'type',
      valueCode: type,
    })),
    ...(seesAll ? await countedParts(store, nowMs) : []),
    ...[...states].map(([state, all]) => ({
      name: 'subscription',
      part: [
        { name: 'status', valueCode: state },
        { name: 'count', valueInteger: all.length },
      ],
    })),
  ];
  touch(response, { interaction: '$status', keys: [] });
  sendFhir(response, 200, { resourceType: 'Parameters', parameter } satisfies Parameters);
}

async function countedParts(
  store: Pick<Store, 'counts' | 'incidents'>,
  nowMs: number,
): Promise<ParametersParameter[]> {
  const { targets, work } = await store.counts();
  const waits = await Promise.all(targets.map(({ target }) => store.incidents.longestWaitMs(target, nowMs)));
  return [
    ...targets.map(({ target, ...counts }, at) => ({
      name: 'target',
      part: [
        { name: 'name', valueString: target },
        ...Object.entries(counts).map(([name, valueInteger]) => ({ name, valueInteger })),
        ...(waits[at] === undefined
          ? []
          : [{ name: 'oldestWaitingSeconds', valueInteger: Math.floor(waits[at] / 1_000) }]),
      ],
    })),
    ...work.map(({ kind, open }) => ({
      name: 'work',
      part: [
        { name: 'kind', valueCode: kind },
        { name: 'open', valueInteger: open },
      ],
    })),
  ];
}
