/** What a bulk export is of, as it is kept beside its row: everything the work needs, and nothing that names a person but ids. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { SearchClause } from '../../store/search-query.ts';

export interface ExportAsked {
  /** URL of the kick-off; where it was posted, without its parameters */
  readonly request: string;
  readonly level: 'system' | 'patient' | 'group';
  /** in the order in which they are gone through */
  readonly types: readonly string[];
  readonly sinceMs?: number;
  /** ids of people, each once: those of a Group, or those that were named */
  readonly people?: readonly string[];
  /** by type, sets of conditions of which one must hold */
  readonly only?: Readonly<Record<string, readonly (readonly SearchClause[])[]>>;
  /** names of elements, `Type.element` or `element` */
  readonly elements?: readonly string[];
  /** what was passed over, for the file of errors */
  readonly notes: readonly OperationOutcomeIssue[];
  /** digest of how resources are changed on their way out; undefined: not at all */
  readonly transform?: string;
}

/** A file as it stands on disk. */
export interface ExportFile {
  readonly name: string;
  /** of what is in it */
  readonly type: string;
  readonly kind: 'output' | 'deleted' | 'error';
  /** lines */
  readonly count: number;
  readonly bytes: number;
}

/** How far an export has come: what is behind this place is on disk, whole. */
export interface ExportProgress {
  /** which of its parts is gone through: a type, or a type of some of the people */
  readonly part: number;
  /** place in the part, as the store gives it */
  readonly after: number;
  readonly resources: number;
  readonly files: readonly ExportFile[];
}

export const NOT_BEGUN: ExportProgress = { part: 0, after: 0, resources: 0, files: [] };

/** @throws TypeError for what is none: the store holds only what was written here */
export function askedIn(text: string): ExportAsked {
  return JSON.parse(text) as ExportAsked;
}

export function progressIn(text: string | undefined): ExportProgress {
  return text === undefined ? NOT_BEGUN : (JSON.parse(text) as ExportProgress);
}

/** People whose rows are asked for at once: each page sorts them. */
export const PEOPLE_AT_ONCE = 200;

/** One walk through the store. */
export interface ExportPart {
  readonly type: string;
  readonly people: 'all' | readonly string[] | undefined;
}

/** @returns the parts in order: type by type, so that each file is of one */
export function partsOf({ level, types, people }: ExportAsked): readonly ExportPart[] {
  if (people === undefined)
    return types.map((type) => ({ type, people: level === 'system' ? undefined : 'all' }));
  const groups: (readonly string[])[] = [];
  for (let at = 0; at < people.length; at += PEOPLE_AT_ONCE)
    groups.push(people.slice(at, at + PEOPLE_AT_ONCE));
  return types.flatMap((type) => groups.map((group) => ({ type, people: group })));
}
