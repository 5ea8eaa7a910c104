/** A receiver of BaRS and its pipeline over any store, without a server. */
import { randomUUID } from 'node:crypto';
import type { LoadedParts } from '../../../src/cli/load.ts';
import { createPipeline, type Pipeline } from '../../../src/pipeline.ts';
import type { Voice } from '../../../src/referral/judge-task.ts';
import {
  type BarsReceiver,
  createBarsReceiver,
  type ReceiverOptions,
} from '../../../src/source/bars/receiver.ts';
import type { Store } from '../../../src/store/store.ts';
import { routing } from '../../../src/target/route.ts';
import { SERVICE } from '../../servers/bars-sender.ts';

export const NAME = 'bars-in';
/** a target that referrals of ours went out by */
export const SENT = 'bars-out';
const REFERRER: Voice = { speaksFor: ['referrer'], manner: 'request', backload: false };
const SERVICE_VOICE: Voice = { speaksFor: ['service'], manner: 'report', backload: true };

export function receiverOver(
  store: Store,
  pipeline: Pick<Pipeline, 'take'>,
  more: Partial<ReceiverOptions> = {},
): BarsReceiver {
  return createBarsReceiver({
    ...{ name: NAME, store, clock: Date.now, uuid: randomUUID, ownerOrg: 'X26' },
    take: (records, receipt) => pipeline.take(records, receipt),
    ...{ impliesConsent: true, callers: undefined, budgetMs: 60_000, mostWaiting: 50, largestBytes: 300_000 },
    sentThrough: [SENT],
    rules: {
      services: [{ system: 'https://fhir.nhs.uk/Id/dos-service-id', value: SERVICE }],
      versions: ['1'],
      strictNhsNumbers: true,
    },
    ...more,
  });
}

/** Sources are heard as the adapter hears them; nothing goes anywhere but the answers. */
export function pipelineWith(
  store: Store,
  parts: Pick<LoadedParts, 'maps' | 'validator' | 'claims'>,
): Pipeline {
  return createPipeline({
    ...parts,
    ...routing([{ name: NAME, sources: [NAME], onlyHeld: true }]),
    ...{ store, clock: Date.now, ownerOrg: () => 'X26' },
    voices: new Map([
      [NAME, REFERRER],
      [SENT, SERVICE_VOICE],
    ]),
  });
}
