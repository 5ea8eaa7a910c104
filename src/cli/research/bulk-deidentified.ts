/** What a thread that makes a bulk export changes resources by, for clients that see people only de-identified. */

import type { ResearchConfig } from '../../config/research.ts';
import { loadBaseDefinitions } from '../../fhir/definitions.ts';
import { isWithin, readCohort } from '../../research/cohort.ts';
import { compileDeidentifier } from '../../research/deidentify/deidentify.ts';
import type { BulkTransform } from '../../research/export/transform.ts';
import { cohortSettings, valuesOf } from '../../research/make.ts';
import { withPlace } from '../../research/places/places.ts';
import { heldIn } from '../../research/walk.ts';
import { openPostgresStore } from '../../store/postgres/store.ts';
import { openSqliteStore } from '../../store/sqlite/store.ts';
import { SEES_ALL } from '../../store/viewer.ts';
import { keysOf, placesOf, rulesOf, whole } from './settings.ts';

/** Plain data, as it is handed to the thread. */
export interface DeidentifySettings {
  readonly store: { readonly file: string } | { readonly url: string };
  readonly research: ResearchConfig;
  readonly dataDir: string;
  /** folder of the installed adapter */
  readonly root: string;
  /** base of this service, with a slash at its end, where it is known: what is referred to there is in the store */
  readonly ownBases: readonly string[];
}

/** Who is in is decided when the export is begun, or gone on with. */
export async function bulkTransform(given: unknown): Promise<BulkTransform> {
  const { store: place, research, dataDir, root, ownBases } = given as DeidentifySettings;
  const { optOut, withoutNumber } = research;
  const nowMs = Date.now();
  const definitions = loadBaseDefinitions();
  const rules = rulesOf(research, root);
  const store =
    'file' in place
      ? await openSqliteStore({ file: place.file, definitions })
      : await openPostgresStore({ url: place.url, definitions, connections: 1 });
  try {
    const seen = store.seenBy(SEES_ALL);
    const walk = (type: string) => heldIn(seen, { type, asOfMs: nowMs });
    const people = await readCohort(
      cohortSettings({ rules, definitions, settings: { optOut, withoutNumber } }),
      { patients: walk('Patient'), consents: walk('Consent') },
      nowMs,
    );
    const keys = await keysOf(research, dataDir);
    const places = await placesOf(research);
    const values = valuesOf(rules, research);
    const deidentifier = whole(
      compileDeidentifier(rules, definitions, { keys, people, nowMs, ownBases, values }),
    );
    return {
      apply(held) {
        if (!isWithin(people, held)) return undefined;
        return deidentifier.apply(places ? withPlace(held, places, nowMs) : held)?.resource;
      },
    };
  } finally {
    await store.close();
  }
}
