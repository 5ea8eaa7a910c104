/** A small map set on disk, of visits: a source, its logical model, and the maps between. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StructureDefinition } from '@medplum/fhirtypes';
import { afterEach, beforeEach } from 'vitest';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { type Checked, ruleOf } from '../../src/fhir/outcome.ts';
import { type LoadedMapSet, loadMapSet } from '../../src/mapping/load.ts';

export const BASE = 'https://hedgerow.example';

/** @returns an element of the logical model */
export const element = (path: string, code: string, max = '1') => ({
  id: path,
  path,
  min: 0,
  max,
  type: [{ code }],
});

/** @returns the logical model TestVisit with these elements */
export function visitModel(...elements: readonly object[]): StructureDefinition {
  const url = `${BASE}/fhir/StructureDefinition/TestVisit`;
  return {
    resourceType: 'StructureDefinition',
    url,
    name: 'TestVisit',
    status: 'draft',
    kind: 'logical',
    abstract: false,
    type: url,
    differential: { element: [{ id: 'TestVisit', path: 'TestVisit', min: 0, max: '*' }, ...elements] },
  } as unknown as StructureDefinition;
}

type Manifest = Parameters<typeof loadMapSet>[0]['manifest'];
/** Texts by path; undefined leaves a file out. */
type Files = Readonly<Record<string, string | undefined>>;

/**
 * Gives each test of a file a folder of its own.
 * @param files of the set by path: `source/…` and `model/…`
 */
export function visitSet(model: StructureDefinition, files: Files, manifest: Manifest) {
  const definitions = loadBaseDefinitions();
  definitions.add(model);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'maps-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Loads the files, some of them changed. */
  const load = (changed: Files = {}, given: Manifest = manifest): Checked<LoadedMapSet> => {
    for (const [name, text] of Object.entries({ ...files, ...changed })) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      if (text !== undefined) writeFileSync(join(folder, name), text);
    }
    const [sourceFolder, modelFolder] = [join(folder, 'source'), join(folder, 'model')];
    return loadMapSet({ sourceFolder, modelFolder, definitions, manifest: given });
  };
  return {
    loaded(changed?: Files, given?: Manifest): LoadedMapSet {
      const result = load(changed, given);
      if (!result.ok) throw new Error(JSON.stringify(result.outcome));
      return result.value;
    },
    faults(changed: Files, given?: Manifest): string[] {
      const result = load(changed, given);
      return result.ok ? [] : result.outcome.issue.map((issue) => `${ruleOf(issue)} ${issue.diagnostics}`);
    },
  };
}
