/** Turns the versions of a resource into pages of its history Bundle. */
import type { Bundle, BundleEntry } from '@medplum/fhirtypes';
import { type Checked, refuse } from '../fhir/outcome.ts';
import type { Store, StoredVersion } from '../store/store.ts';
import type { Pairs } from './address.ts';
import { CURSOR, openCursor, sealCursor } from './cursor.ts';
import { linkOf } from './searchset.ts';

/** The resource whose history is asked for, and how. */
export interface HistoryAsked {
  readonly type: string;
  readonly id: string;
  readonly query: Pairs;
  /** FHIR base that links start with */
  readonly base: string;
}

const DEFAULT_COUNT = 50;
const LARGEST_COUNT = 200;

/** @returns a page, newest first; undefined when there never was such a resource; or the fault of a parameter */
export async function historyPage(store: Store, asked: HistoryAsked): Promise<Checked<Bundle | undefined>> {
  const page = readPage(asked);
  if (!page.ok) return page;
  const { count, before } = page.value;
  const { type, id, base } = asked;
  const found = await store.history(type, id, count + 1, before);
  if (found.length === 0 && before === undefined) return { ok: true, value: undefined };
  const versions = found.slice(0, count);
  const link = (relation: string, from: number | undefined) => ({
    relation,
    url: linkOf(base, pathOf(asked), [
      ['_count', String(count)],
      ...(from === undefined ? [] : [[CURSOR, sealCursor(String(from), pathOf(asked))] as const]),
    ]),
  });
  const next = found.length > count ? [link('next', versions.at(-1)!.version)] : [];
  return {
    ok: true,
    value: {
      resourceType: 'Bundle',
      type: 'history',
      link: [link('self', before), ...next],
      entry: versions.map((version) => entryOf(version, base)),
    },
  };
}

function readPage(asked: HistoryAsked): Checked<{ count: number; before: number | undefined }> {
  let count = DEFAULT_COUNT;
  let before: number | undefined;
  for (const [name, value] of asked.query) {
    if (name === CURSOR) {
      const place = openCursor(value, pathOf(asked));
      if (!place.ok) return place;
      before = Number(place.value);
    } else if (name === '_count' && /^[1-9]\d{0,8}$/.test(value)) {
      count = Math.min(Number(value), LARGEST_COUNT);
    } else if (name !== '_format') {
      return refuse({
        code: name === '_count' ? 'value' : 'not-supported',
        rule: 'api-history-parameter',
        diagnostics:
          'A history takes _count, a number from 1 on, and the cursor of its next link: nothing else.',
        expression: 'http',
      });
    }
  }
  return { ok: true, value: { count, before } };
}

function pathOf({ type, id }: HistoryAsked): string {
  return `${type}/${id}/_history`;
}

/** A deleted version has a request and no resource. */
function entryOf(version: StoredVersion, base: string): BundleEntry {
  const { type, id, resource } = version;
  return {
    fullUrl: `${base}/${type}/${id}`,
    ...(resource ? { resource } : {}),
    request: { method: resource ? 'PUT' : 'DELETE', url: `${type}/${id}` },
    response: {
      status: resource ? (version.version === 1 ? '201' : '200') : '204',
      etag: `W/"${version.version}"`,
      lastModified: new Date(version.lastUpdatedMs).toISOString(),
    },
  };
}
