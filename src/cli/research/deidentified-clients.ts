/** Gives clients that see people only de-identified what their exports and views go through. */
import type { Logger } from 'pino';
import type { Config } from '../../config.ts';
import { AdapterError, ruleOf } from '../../fhir/outcome.ts';
import type { BulkTransform, TransformPlace } from '../../research/export/transform.ts';
import { ROOT } from '../load.ts';
import { databaseUrl, storeFile } from '../open-store.ts';
import { bulkTransform, type DeidentifySettings } from './bulk-deidentified.ts';
import { ownBasesOf } from './make.ts';
import { researchOf } from './settings.ts';

export interface DeidentifiedClients {
  /** for a thread of its own; undefined for other clients */
  placeOf(client: string): TransformPlace | undefined;
  /** for requests that are answered at once; undefined for other clients, and where the settings for research cannot be used */
  transformOf(client: string): Promise<BulkTransform | undefined>;
}

const MODULE = new URL('./bulk-deidentified.ts', import.meta.url).href;
/** Who is in is decided anew after so long: whoever has withdrawn is out by then. */
const KEPT_MS = 60_000;

export function deidentifiedClients(
  config: Config,
  { clock, log }: { readonly clock: () => number; readonly log: Logger },
): DeidentifiedClients {
  const clients = new Set(
    (config.access?.clients ?? []).flatMap(({ id, deidentified }) => (deidentified ? [id] : [])),
  );
  let kept: { readonly transform: Promise<BulkTransform>; readonly untilMs: number } | undefined;
  return {
    placeOf: (client) => (clients.has(client) ? { module: MODULE, settings: settingsOf(config) } : undefined),
    async transformOf(client) {
      if (!clients.has(client)) return undefined;
      if (kept === undefined || kept.untilMs <= clock())
        kept = { transform: bulkTransform(settingsOf(config)), untilMs: clock() + KEPT_MS };
      const { transform } = kept;
      try {
        return await transform;
      } catch (error) {
        kept = undefined;
        if (!(error instanceof AdapterError) || error.retry !== 'permanent') throw error;
        log.warn({ rule: ruleOf(error.outcome.issue[0]!) }, error.outcome.issue[0]?.diagnostics);
        return undefined;
      }
    },
  };
}

function settingsOf(config: Config): DeidentifySettings {
  const url = databaseUrl(config);
  return {
    store: url === undefined ? { file: storeFile(config) } : { url },
    research: researchOf(config),
    dataDir: config.dataDir,
    root: ROOT,
    ownBases: ownBasesOf(config),
  };
}
