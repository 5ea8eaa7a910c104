/** Opens the store of an adapter that does not run, with its maps, for the commands that go over kept records. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config.ts';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import type { RoutedTarget } from '../../target/route.ts';
import { openCodedActivity } from '../coded/coded-activity.ts';
import { linesOf, pipelineInto } from '../lines.ts';
import { type LoadedParts, loadParts, ROOT } from '../load.ts';
import { takeLock } from '../lock.ts';
import { answersLine, barsVoices } from '../nhs/bars-receiver.ts';
import { PDS_LINE } from '../nhs/pds-target.ts';
import { databaseUrl, openExisting, storeFile } from '../open-store.ts';
import { sandboxTarget } from '../targets.ts';
import { openTerms } from '../validate/terms.ts';
import { placesOf } from './places.ts';
import type { Workshop } from './workshop.ts';

/**
 * Works in the store while nobody else does; deliveries leave at the next start.
 * @returns false where nothing was ever stored
 * @throws AdapterError where an adapter runs, or the maps have faults
 */
export async function besideStore(
  config: Config,
  clock: () => number,
  work: (shop: Workshop) => Promise<void>,
): Promise<boolean> {
  if (databaseUrl(config) === undefined && !existsSync(storeFile(config))) return false;
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 }); // people's data
  const lock = takeLock(config.dataDir);
  if (!lock.ok) throw new AdapterError('permanent', lock.outcome.issue[0]!);
  try {
    const parts = loadParts(config, ROOT);
    if (!parts.ok) throw new AdapterError('permanent', parts.outcome.issue[0] ?? NO_PARTS);
    const voices = new Map([...parts.value.voices, ...barsVoices(config)]);
    await workIn({ ...parts.value, voices }, config, clock, work);
  } finally {
    lock.value.release();
  }
  return true;
}

async function workIn(
  parts: LoadedParts,
  config: Config,
  clock: () => number,
  work: (shop: Workshop) => Promise<void>,
): Promise<void> {
  const { definitions } = parts;
  const store = (await openExisting(config, definitions))!;
  const terms = openTerms(config, clock);
  try {
    const sandbox = config.sandbox && sandboxTarget(`http://${config.host}:${config.sandbox.port}/fhir/R4`);
    const configured = sandbox ? [...config.targets, sandbox] : config.targets;
    const coded = await codedIn(config, { store, clock, definitions });
    const { lines, unasked } = linesOf(configured, broughtBy(config, coded));
    const pipelineOf: Workshop['pipelineOf'] = (maps = parts.maps) =>
      pipelineInto(lines, { config, parts: { ...parts, maps }, store, terms, clock }, () => {});
    await work({
      ...{ ...parts, config, unasked, coded, store, clock, pipelineOf },
      ...{ retention: config.retention ?? {}, archiveDir: join(config.dataDir, 'archive') },
      targets: lines.map(({ name }) => name),
      placeOf: placesOf(configured, { store, clock, definitions }),
      wake: () => {},
    });
  } finally {
    terms.close();
    await store.close();
  }
}

type Coded = Awaited<ReturnType<typeof openCodedActivity>>;

async function codedIn(
  { nhs }: Config,
  parts: Parameters<typeof openCodedActivity>[1],
): Promise<Coded | undefined> {
  return nhs?.codedActivity && (await openCodedActivity(nhs.codedActivity, parts));
}

/** Lines of NHS services: nothing of them is asked here, and what is put in line goes at the next start. */
function broughtBy({ nhs }: Config, coded: Coded | undefined): readonly RoutedTarget[] {
  const answers = nhs?.bars?.receive;
  return [
    ...(coded ? [coded.routed] : []),
    ...(nhs?.pds ? [PDS_LINE] : []),
    ...(answers ? [answersLine(answers.name)] : []),
  ];
}

const NO_PARTS = issueOf({ rule: 'maps-faulty', diagnostics: 'The maps cannot be loaded.' });
