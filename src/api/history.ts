/** Turns the versions of a resource, of a type or of all into pages of a history Bundle. */
import type { BundleLink } from '@medplum/fhirtypes';
import { type Checked, refuse } from '../fhir/outcome.ts';
import type { HistoryQuery, Made, SeenStore, StoredVersion } from '../store/store.ts';
import type { Access } from './access.ts';
import type { Pairs } from './address.ts';
import { etagOf } from './conditional.ts';
import { CURSOR, type Cursors } from './cursor.ts';
import { bundleText, textOf } from './search/bundle-text.ts';
import { linkOf, type PageText } from './search/searchset.ts';
import { dateOf } from './search/values.ts';

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
  const { used, cursor, ...query } = read.value;
  const bound = { list: [pathOf(asked), used.filter(([name]) => name !== '_count')], access: asked.access };
  const place = cursor === undefined ? undefined : await cursors.open(cursor, bound);
  if (place?.ok === false) return place;
  const { type, id, base } = asked;
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
  const next = page.next === undefined ? undefined : await cursors.seal({ after: page.next }, bound);
  return {
    ok: true,
    value: {
      text: bundleText({
        type: 'history',
        total: page.total,
        link: [link('self', cursor), ...(next === undefined ? [] : [link('next', next)])],
        entries: page.versions.map((version) => entryOf(version, base)),
      }),
      shown: page.versions,
    },
  };
}

type Read = Pick<HistoryQuery, 'count' | 'sinceMs' | 'at'> & {
  /** for the links */
  readonly used: Pairs;
  readonly cursor: string | undefined;
};

function readHistory(query: Pairs): Checked<Read> {
  let count = DEFAULT_COUNT;
  let cursor: string | undefined;
  let within: Pick<HistoryQuery, 'sinceMs' | 'at'> = {};
  for (const [name, value] of query) {
    if (name === CURSOR) cursor = value;
    else if (name === '_count' && /^[1-9]\d{0,8}$/.test(value))
      count = Math.min(Number(value), LARGEST_COUNT);
    else if (name === '_since' || name === '_at') {
      const time = dateOf(value);
      if (time?.prefix !== 'eq' || /^eq/.test(value)) return wrong(name);
      const { lowMs, highMs } = time;
      within = name === '_since' ? { ...within, sinceMs: lowMs } : { ...within, at: { lowMs, highMs } };
    } else if (name !== '_format' && name !== '_pretty') return wrong(name);
  }
  const used = query.filter(([name]) => name !== CURSOR);
  return { ok: true, value: { count, ...within, used, cursor } };
}

function wrong(name: string): Checked<never> {
  const isKnown = name === '_count' || name === '_since' || name === '_at';
  return refuse({
    code: isKnown ? 'value' : 'not-supported',
    rule: 'api-history-parameter',
    diagnostics:
      'A history takes _count (a number from 1 on), _since and _at (a date or an instant, such as 2026-06-30T12:00:00Z) and the cursor of its next link: nothing else.',
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
function entryOf(version: StoredVersion, base: string): string {
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
  return isHere ? `${said.slice(0, -1)},"resource":${textOf(version)}}` : said;
}
