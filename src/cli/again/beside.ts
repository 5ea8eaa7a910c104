/** Opens the store of an adapter that does not run, with its maps, for the commands that go over kept records. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config.ts';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import { createPipeline } from '../../pipeline.ts';
import { routing } from '../../target/route.ts';
import { openCodedActivity } from '../coded/coded-activity.ts';
import { fitRulesOf } from '../directory/directories.ts';
import { loadParts, ROOT } from '../load.ts';
import { takeLock } from '../lock.ts';
import { databaseUrl, openExisting, storeFile } from '../open-store.ts';
import { sandboxTarget } from '../targets.ts';
import { openTerms } from '../validate/terms.ts';
import { placesOf, unaskedOf } from './places.ts';
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
    const store = (await openExisting(config, parts.value.definitions))!;
    const terms = openTerms(config, clock);
    try {
      const sandbox = config.sandbox && sandboxTarget(`http://${config.host}:${config.sandbox.port}/fhir/R4`);
      const configured = sandbox ? [...config.targets, sandbox] : config.targets;
      const coded =
        config.nhs?.codedActivity &&
        (await openCodedActivity(config.nhs.codedActivity, {
          store,
          clock,
          definitions: parts.value.definitions,
        }));
      const targets = [...configured.map(({ name }) => name), ...(coded ? [coded.routed.name] : [])];
      const owners = new Map(
        config.sources.map(({ folder, ownerOrg }) => [
          [...parts.value.sources.values()].find((source) => source.folder === folder)?.manifest.name,
          ownerOrg,
        ]),
      );
      const pipelineOf: Workshop['pipelineOf'] = (maps = parts.value.maps) =>
        createPipeline({
          ...parts.value,
          maps,
          store,
          clock,
          ...routing(coded ? [...configured, coded.routed] : configured),
          ownerOrg: (source) => owners.get(source) ?? 'local',
          askCodes: terms.ask,
          asksRegister: config.nhs?.pds !== undefined,
          fit: fitRulesOf(config.activities),
        });
      const { definitions } = parts.value;
      const placeOf = placesOf(configured, { store, clock, definitions });
      const keeping = { retention: config.retention ?? {}, archiveDir: join(config.dataDir, 'archive') };
      const unasked = unaskedOf(configured);
      await work({
        ...parts.value,
        ...keeping,
        config,
        unasked,
        coded,
        store,
        targets,
        clock,
        pipelineOf,
        placeOf,
        wake: () => {},
      });
    } finally {
      terms.close();
      await store.close();
    }
  } finally {
    lock.value.release();
  }
  return true;
}

const NO_PARTS = issueOf({ rule: 'maps-faulty', diagnostics: 'The maps cannot be loaded.' });
