/** How resources are changed on their way into the files of an export: a module and its settings, so that a worker can make it. */
import type { Identified } from '../../store/resources.ts';
import type { Held } from '../held.ts';

export interface BulkTransform {
  /** @returns what goes out in place of the resource; undefined: nothing does @throws whatever makes the export fail as a whole */
  apply(held: Held): Identified | undefined;
  /** @returns the id by which what was deleted went out before; absent, or undefined: it is not told */
  gone?(type: string, id: string, personId: string | undefined): string | undefined;
}

/** Where a worker finds it. */
export interface TransformPlace {
  /** URL of a module that exports `bulkTransform` */
  readonly module: string;
  /** plain data, handed to it; never stored */
  readonly settings: unknown;
}

/** What such a module exports. */
export interface TransformModule {
  readonly bulkTransform: (settings: unknown) => BulkTransform | Promise<BulkTransform>;
}
