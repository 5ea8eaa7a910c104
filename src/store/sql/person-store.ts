/** The store's people: patients joined as one person, and a person's right to be forgotten. */
import type { SearchIndex } from '../search-index.ts';
import type { PersonStore } from '../store.ts';
import type { Engine, Runner } from './engine.ts';
import { eraseAll } from './erase.ts';
import type { Names } from './index-rows.ts';
import { joinPatients, patientsOf, personOf, personsOf, splitPatient } from './join.ts';
import { settleRestriction } from './restrict.ts';
import { selectRestrictedOf } from './restricted-rows.ts';

interface Parts {
  readonly engine: Engine;
  readonly index: SearchIndex;
  readonly names: Names;
}

export function personStore(runner: Runner, { engine, index, names }: Parts): PersonStore {
  return {
    async linkPerson(patientId, personId, reason, nowMs) {
      const hidden = await runner.write(function* () {
        yield* joinPatients(patientId, personId, reason, nowMs);
        return yield* settleRestriction({ names, index, nowMs }, yield* personOf(personId));
      });
      if (hidden.length > 0) await engine.scrub();
    },
    async unlinkPerson(patientId, nowMs, actor = 'store') {
      const hidden = await runner.write(function* () {
        const members = yield* patientsOf(yield* personOf(patientId));
        yield* splitPatient(patientId, nowMs, actor);
        const changed: string[] = [];
        // who was restricted by another alone is so no longer
        for (const person of new Set(yield* personsOf(members)))
          changed.push(...(yield* settleRestriction({ names, index, nowMs }, person)));
        return changed;
      });
      if (hidden.length > 0) await engine.scrub();
    },
    restricted: (personId) => runner.read(() => selectRestrictedOf(personId)),
    personOf: (patientId) => runner.read(() => personOf(patientId)),
    async erasePerson(personId, actor, nowMs) {
      const erasure = { names, index, personId, nowMs };
      const erased = await runner.write(() => eraseAll(erasure, actor));
      await engine.scrub();
      return erased;
    },
  };
}
