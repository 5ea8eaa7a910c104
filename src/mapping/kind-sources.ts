/** What the maps of a source's kinds are compiled from: its manifest, its folders, and what they hold. */
import type { GivenSources } from './gather-sources.ts';
import type { Losses } from './loss.ts';

/** What of a kind's manifest concerns its maps. */
export interface MappedKind {
  /** JSON Schema of the record and FML file, in the source's folder */
  readonly schema: string;
  readonly map: string;
  /** FML file from the logical model back to the record, where there is a way back */
  readonly back?: string | undefined;
  /** name of the logical model */
  readonly model: string;
  /** fields (dotted paths) that the pipeline itself reads */
  readonly key?: readonly string[];
  readonly time?: string;
}

export interface KindSources extends GivenSources {
  readonly manifest: { readonly kinds: Readonly<Record<string, MappedKind>> };
  /** names of the folders, as they start the names of files */
  readonly sourceFolder: string;
  readonly modelFolder: string;
  /** what the way back loses, as `loss.json` declares it */
  readonly losses?: Losses;
}
