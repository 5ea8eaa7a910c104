/** Turns faults of mapped resources into faults that name the fields of the source, and the rules, that wrote what is at fault. */
import type { Bundle, Extension, OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { parseLocalId, resourceId } from '../fhir/ids.ts';
import type { KindMap } from './map-set.ts';
import type { Lineage } from './runtime-lineage.ts';

/** Extension of an issue: path of a field of the source's record, `client.lastName` or the title of a column. */
export const SOURCE_FIELD = 'https://hedgerow.example/fhir/StructureDefinition/source-field';

/** A record, and the maps that it went through. */
export interface MappedRecord {
  readonly map: Pick<KindMap, 'run' | 'explain'>;
  /** name of the source, part of every id */
  readonly source: string;
  /** as read; an object, as every record that was mapped */
  readonly payload: unknown;
}

/** Most fields, and most rules, that a text names. */
const MOST_NAMED = 4;

/**
 * Runs the maps once more, for their lineage: call it only where there are issues.
 * @param resource under its final id, one that the maps wrote; of others, such as computed scores, nothing is added
 * @param issues of that resource, with expressions that start at it
 * @returns the issues, with the fields and rules in their diagnostics and each field in an extension `SOURCE_FIELD`
 */
export function withSources(
  issues: readonly OperationOutcomeIssue[],
  resource: Resource,
  { map, source, payload }: MappedRecord,
): OperationOutcomeIssue[] {
  const record = payload as Readonly<Record<string, unknown>>;
  const entries = entriesOf(map.run(record, []), source, `${resource.resourceType}/${resource.id}`);
  if (entries.length === 0) return [...issues];
  const { lineage } = map.explain(record, [], entries);
  return issues.map((issue) => {
    const [expression = ''] = issue.expression ?? [];
    const rest = expression.slice(resource.resourceType.length);
    if (rest !== '' && !/^[.[]/.test(rest)) return issue;
    const found = writersOf(lineage, entries, rest);
    return found ? named(issue, found) : issue;
  });
}

/** @returns paths of a resource's entries, the last first: where a map wrote it twice, later elements won */
function entriesOf({ entry = [] }: Bundle, source: string, key: string): readonly string[] {
  return entry
    .flatMap(({ resource }, at) => {
      const local = parseLocalId(resource?.id ?? '');
      const isIt = local && `${resource!.resourceType}/${resourceId(source, local)}` === key;
      return isIt ? [`entry[${at}].resource`] : [];
    })
    .reverse();
}

/** Who wrote an element, or what is around it. */
interface Writers {
  readonly sources: readonly string[];
  readonly rules: readonly string[];
  /** what they wrote, where no rule wrote the element itself: a path below the resource, '' for the resource */
  readonly around?: string;
}

/** @param rest path below the resource: `.name[0].family`, or '' for the resource as a whole */
function writersOf(
  lineage: readonly Lineage[],
  entries: readonly string[],
  rest: string,
): Writers | undefined {
  for (let path = rest; path !== ''; path = path.replace(/(?:\[\d+\]|\.[^.[]+)$/, '')) {
    for (const entry of entries) {
      const found = writtenAt(lineage, entry, path);
      if (found.length > 0) return { ...together(found), ...(path !== rest && { around: path.slice(1) }) };
    }
  }
  const made = lineage.filter(({ element }) => entries.some((entry) => element === `${entry}.resourceType`));
  return made.length === 0 ? undefined : { ...together(made), around: '' };
}

/** Types that elements of several types take, as the JSON name ends; FHIRPath leaves the type out. */
const CHOSEN =
  'Age|Annotation|Attachment|Boolean|CodeableConcept|Coding|Date|DateTime|Decimal|Duration|Identifier|Instant|Integer|Money|Period|Quantity|Range|Ratio|Reference|String|Time|Timing|Uri';

/** @returns lineage of an element, of what stands below it and of what stands beside a primitive */
function writtenAt(lineage: readonly Lineage[], entry: string, path: string): readonly Lineage[] {
  const [, owner = '', name = '', at = ''] = /^(.*)\.([^.[]+)((?:\[\d+\])?)$/.exec(path) ?? [];
  const names = new RegExp(`^_?${name}(?:${CHOSEN})?(?=[.[]|$)`);
  const start = `${entry}${owner}.`;
  return lineage.filter(({ element }) => {
    if (!element.startsWith(start)) return false;
    const below = element.slice(start.length);
    const found = names.exec(below);
    return found !== null && (at === '' || below.startsWith(at, found[0].length));
  });
}

function together(all: readonly Lineage[]): Pick<Writers, 'sources' | 'rules'> {
  return {
    sources: [...new Set(all.flatMap(({ sources }) => sources))].filter((path) => path !== ''),
    // in the order of the hops: from the record to the model, from there to FHIR
    rules: [...new Set(all.flatMap(({ rules }) => rules.toReversed()))],
  };
}

function named(issue: OperationOutcomeIssue, writers: Writers): OperationOutcomeIssue {
  const { sources } = writers;
  // of a resource as a whole, every field that led to it would be named
  const fields = writers.around === '' ? [] : sources;
  const added = fields.map((valueString): Extension => ({ url: SOURCE_FIELD, valueString }));
  return {
    ...issue,
    diagnostics: `${issue.diagnostics ?? issue.code} ${textOf({ ...writers, sources: fields }, issue)}`,
    ...(added.length > 0 && { extension: [...(issue.extension ?? []), ...added] }),
  };
}

function textOf({ sources, rules, around }: Writers, { expression = [] }: OperationOutcomeIssue): string {
  const fields = listed(sources.map((path) => `'${path}'`));
  const word = sources.length === 1 ? 'field' : 'fields';
  const from =
    fields === '' ? (around === '' ? '' : ' from no source field') : ` from the source ${word} ${fields}`;
  const by = `${from} by ${listed(rules)}.`;
  if (around === undefined) return `It was written${by}`;
  if (around !== '') return `No rule wrote it; ${around} around it was written${by}`;
  return /[.[]/.test(expression[0] ?? '')
    ? `No rule wrote it; the resource was written${by}`
    : `The resource was written${by}`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMED);
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}
