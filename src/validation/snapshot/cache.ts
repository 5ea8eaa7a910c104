/** Turns StructureDefinitions into ones with snapshots, generated once and kept in a folder for the next start. */
import { createHash, randomBytes } from 'node:crypto';
import { globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ElementDefinition, Resource, ResourceType, StructureDefinition } from '@medplum/fhirtypes';
import { Canonicals, type CanonicalType } from '../../fhir/canonicals.ts';
import { digestOf, digestOfText } from '../../fhir/digest.ts';
import type { Checked } from '../../fhir/outcome.ts';
import { snapshotOf } from './snapshot.ts';

/** A definition that the generator asked for, and what it found: nothing, or the definition of this stamp. */
type Asked = readonly [type: CanonicalType, canonical: string, stamp: string | null];

/** First line of a kept file; the second line is the snapshot's elements. */
interface Head {
  /** digest of the definition and of the generator's code */
  readonly key: string;
  readonly asked: readonly Asked[];
  /** digest of the second line */
  readonly sum: string;
}

/**
 * Generates snapshots, or takes them from the folder when the definition, everything that its generation looked up and the
 * generator itself are as they were. A file that is damaged or out of date is generated anew and written over. Processes
 * may share the folder: a file is replaced whole. One file is kept a canonical URL and version.
 * @param folder made when it is first written to; where it cannot be written, nothing is kept
 * @param generate default `snapshotOf`; asks its second argument for definitions, and nothing else
 * @returns like `snapshotOf`; a definition that has a snapshot already is returned as it is
 */
export function cachedSnapshots(
  folder: string,
  canonicals: Canonicals,
  generate: typeof snapshotOf = snapshotOf,
): (definition: StructureDefinition) => Checked<StructureDefinition> {
  return (definition) => {
    if (definition.snapshot) return { ok: true, value: definition };
    const name = digestOfText(`${definition.url}|${definition.version ?? ''}`);
    const path = join(folder, `${name}.json`);
    const key = digestOfText(`${GENERATOR} ${digestOf(definition)}`);
    const kept = readKept(path, key, canonicals);
    if (kept) return { ok: true, value: { ...definition, snapshot: { element: kept } } };
    const recorder = new Recorder(canonicals);
    const made = generate(definition, recorder);
    if (made.ok && made.value.snapshot)
      keep(folder, path, key, recorder.asked(), made.value.snapshot.element);
    return made;
  };
}

/** Canonicals that remember what they were asked. */
class Recorder extends Canonicals {
  readonly #inner: Canonicals;
  readonly #asked = new Map<string, Asked>();

  constructor(inner: Canonicals) {
    super();
    this.#inner = inner;
  }

  override find<Type extends CanonicalType & ResourceType>(
    type: Type,
    canonical: string,
  ): Extract<Resource, { resourceType: Type }> | undefined {
    const stamp = this.#inner.stampOf(type, canonical) ?? null;
    this.#asked.set(`${type} ${canonical}`, [type, canonical, stamp]);
    return this.#inner.find(type, canonical);
  }

  asked(): Asked[] {
    return [...this.#asked.values()];
  }
}

/** Digest of the generator's code: a snapshot made by an older one is made again. */
const GENERATOR = generatorDigest();

function generatorDigest(): string {
  const hash = createHash('sha256');
  for (const file of globSync('*.ts', { cwd: import.meta.dirname }).sort())
    hash.update(readFileSync(join(import.meta.dirname, file)));
  return hash.digest('base64url');
}

function readKept(path: string, key: string, canonicals: Canonicals): ElementDefinition[] | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined; // not there yet
  }
  const end = text.indexOf('\n');
  const head = headIn(text.slice(0, end));
  const elements = text.slice(end + 1);
  if (head?.key !== key || head.sum !== digestOfText(elements)) return undefined;
  const isSame = head.asked.every(([type, url, stamp]) => (canonicals.stampOf(type, url) ?? null) === stamp);
  return isSame ? (JSON.parse(elements) as ElementDefinition[]) : undefined;
}

function headIn(line: string): Head | undefined {
  try {
    const { key, sum, asked, digest } = JSON.parse(line) as Partial<Head & { digest: string }>;
    if (key === undefined || sum === undefined || asked === undefined) return undefined;
    return digestOf({ key, sum, asked }) === digest ? { key, sum, asked } : undefined;
  } catch {
    return undefined;
  }
}

/** Nobody reads half a file. What cannot be written is generated again next time: no reason to stop. */
function keep(
  folder: string,
  path: string,
  key: string,
  asked: readonly Asked[],
  element: readonly ElementDefinition[],
): void {
  const elements = JSON.stringify(element);
  const head: Head = { key, asked, sum: digestOfText(elements) };
  const temporary = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(temporary, `${JSON.stringify({ ...head, digest: digestOf(head) })}\n${elements}`);
    renameSync(temporary, path);
  } catch {
    tryRemove(temporary);
  }
}

function tryRemove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // the folder is no folder, or not ours to write: then nothing was written
  }
}
