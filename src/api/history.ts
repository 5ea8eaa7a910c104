/** Turns the versions of a resource, of a type or of all into pages of a history Bundle. */
import type { BundleLink } from '@medplum/fhirtypes';
import { type Definitions, STORED_TYPES } from '../fhir/definitions.ts';
import { type Checked, refuse } from '../fhir/outcome.ts';
import type { HistoryQuery, Made, SeenStore, StoredVersion } from '../store/store.ts';
import type { Access } from './access.ts';
import type { Pairs } from './address.ts';
import { etagOf } from './conditional.ts';
import { CURSOR, type Cursors } from './cursor.ts';
import { bundleText } from './search/bundle-text.ts';
import { CONTROLS, newControls } from './search/controls.ts';
import { linkOf, type PageText } from './search/searchset.ts';
import { dateOf } from './search/values.ts';
import { elementsFault, partText, type Subset } from './subset.ts';

/** What the history is of, and how it is asked for. */
export interface HistoryAsked {
  /** undefined: all types */
  readonly type?: string;
  /** undefined: all resources of the type */
  readonly id?: string;
  readonly query: Pairs;
  /** FHIR base that links start with */
  readonly base: string;
  readonly access: Access;
  readonly definitions: Definitions;
}

const DEFAULT_COUNT = 50;
const LARGEST_COUNT = 200;

/**
 * @returns a page, newest first; undefined when there never was such a resource; or the fault of a parameter
 * @source FHIR R4, 3.1.0.13
 */
export async function historyPage(
  store: SeenStore,
  cursors: Cursors,
  asked: HistoryAsked,
): Promise<Checked<PageText | undefined>> {
  const read = readHistory(asked.query);
  if (!read.ok) return read;
  const { used, cursor, subset, ...query } = read.value;
  const { type, id, base, definitions } = asked;
  const fault = elementsFault(definitions, type === undefined ? STORED_TYPES : [type], subset.elements);
  if (fault !== undefined) return refuse(valueFault('_elements', fault));
  const bound = { list: [pathOf(asked), used.filter(([name]) => !LAYOUT.has(name))], access: asked.access };
  const place = cursor === undefined ? undefined : await cursors.open(cursor, bound);
  if (place?.ok === false) return place;
  const page = await store.changes({
    ...query,
    ...(type === undefined ? {} : { type }),
    ...(id === undefined ? {} : { id }),
    ...(place ? { after: place.value.after } : {}),
  });
  // within a time there may be nothing to tell of what is there
  if (page.total === 0 && type !== undefined && id !== undefined && !(await store.read(type, id)))
    return { ok: true, value: undefined };
  const link = (relation: string, at: string | undefined): BundleLink => ({
    relation,
    url: linkOf(base, pathOf(asked), at === undefined ? used : [...used, [CURSOR, at]]),
  });
  const isCounted = subset.summary === 'count';
  const next =
    isCounted || page.next === undefined ? undefined : await cursors.seal({ after: page.next }, bound);
  const shown = isCounted ? [] : page.versions;
  return {
    ok: true,
    value: {
      text: bundleText({
        type: 'history',
        total: page.total,
        link: [link('self', cursor), ...(next === undefined ? [] : [link('next', next)])],
        entries: shown.map((version) => entryOf(version, base, (one) => partText(one, subset, definitions))),
      }),
      shown,
    },
  };
}

type Read = Pick<HistoryQuery, 'count' | 'sinceMs' | 'at'> & {
  /** for the links */
  readonly used: Pairs;
  readonly cursor: string | undefined;
  /** what of each version is shown */
  readonly subset: Subset;
};

function readHistory(query: Pairs): Checked<Read> {
  let count = DEFAULT_COUNT;
  let cursor: string | undefined;
  let within: Pick<HistoryQuery, 'sinceMs' | 'at'> = {};
  const subset = newControls();
  for (const [name, value] of query) {
    if (name === CURSOR) cursor = value;
    else if (name === '_count' && /^[1-9]\d{0,8}$/.test(value))
      count = Math.min(Number(value), LARGEST_COUNT);
    else if (name === '_since' || name === '_at') {
      const time = dateOf(value);
      if (time?.prefix !== 'eq' || /^eq/.test(value)) return wrong(name);
      const { lowMs, highMs } = time;
      within = name === '_since' ? { ...within, sinceMs: lowMs } : { ...within, at: { lowMs, highMs } };
    } else if (LAYOUT.has(name) && name !== '_count') {
      const fault = CONTROLS.get(name)?.(subset, value, { served: new Map(), types: [] });
      if (fault !== undefined) return refuse(valueFault(name, fault));
    } else return wrong(name);
  }
  const used = query.filter(([name]) => name !== CURSOR);
  if (subset.summary !== 'false' && subset.elements)
    return refuse(valueFault('_elements', 'give either _elements or _summary'));
  return { ok: true, value: { count, ...within, used, cursor, subset } };
}

/** They do not say which versions there are: pages laid out otherwise are pages of the same history. */
const LAYOUT: ReadonlySet<string> = new Set(['_count', '_summary', '_elements', '_format', '_pretty']);

function valueFault(name: string, what: string): Parameters<typeof refuse>[0] {
  const diagnostics = `Parameter ${name}: ${what}.`;
  return { code: 'value', rule: 'api-history-parameter', diagnostics, expression: `http.${name}` };
}

function wrong(name: string): Checked<never> {
  const isKnown = name === '_count' || name === '_since' || name === '_at';
  return refuse({
    code: isKnown ? 'value' : 'not-supported',
    rule: 'api-history-parameter',
    diagnostics:
      'A history takes _count (a number from 1 on), _since and _at (a date or an instant, such as 2026-06-30T12:00:00Z), _summary, _elements and the cursor of its next link: nothing else.',
    expression: 'http',
  });
}

function pathOf({ type, id }: Pick<HistoryAsked, 'type' | 'id'>): string {
  return [type, id, '_history'].filter((part) => part !== undefined).join('/');
}

/** How a version of a record stands, which no client of the API made: its first was created. */
function recorded({ version }: StoredVersion): Made {
  return version === 1 ? 'create' : 'update';
}

const METHODS: Readonly<Record<Made, 'POST' | 'PUT' | 'PATCH'>> = {
  create: 'POST',
  'update-as-create': 'PUT',
  update: 'PUT',
  patch: 'PATCH',
};

/** A deleted version has a request and no resource. @source FHIR R4, 3.1.0.13 */
function entryOf(version: StoredVersion, base: string, shownAs: (version: StoredVersion) => string): string {
  const { type, id, state, lastUpdatedMs } = version;
  const isHere = state === 'current' || version.resource !== undefined;
  const made = version.made ?? recorded(version);
  const isCreated = isHere && (made === 'create' || made === 'update-as-create');
  const request = {
    method: isHere ? METHODS[made] : 'DELETE',
    url: isHere && made === 'create' ? type : `${type}/${id}`,
  };
  const response = {
    status: isCreated ? '201' : isHere ? '200' : '204',
    etag: etagOf(version.version),
    lastModified: new Date(lastUpdatedMs).toISOString(),
  };
  const said = JSON.stringify({ fullUrl: `${base}/${type}/${id}`, request, response });
  return isHere ? `${said.slice(0, -1)},"resource":${shownAs(version)}}` : said;
}
