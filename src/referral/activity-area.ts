/** Turns the areas that an activity serves, and a postcode, into whether the person lives there, as far as both are known. */
import type { Location } from '@medplum/fhirtypes';

/** By code of an area of the Office for National Statistics: outward codes, sectors or postcodes within it. */
export type PostcodesOf = Readonly<Record<string, readonly string[]>>;

/** unknown: the area is told in words, as a boundary, or by a code that nothing is known of */
export type Served = 'in' | 'out' | 'unknown';

/** Identifiers that an area of a directory is known by. */
export const AREA_SYSTEMS = {
  postcodes: 'https://hedgerow.example/fhir/Id/postcode-area',
  uri: 'urn:ietf:rfc:3986',
} as const;

const POSTCODE = /^([A-Z]{1,2}\d[A-Z\d]?) ?(\d)[A-Z]{2}$/;
const AREA_CODE = /^[EWSNK]\d{8}$/;

interface Home {
  /** B1, EC1A */
  readonly outward: string;
  /** B1 4 */
  readonly sector: string;
  /** B14AA */
  readonly whole: string;
}

/**
 * Holds a postcode against areas: one that serves it is enough, and one that is unknown may.
 * @param postcode as written; undefined or no postcode: unknown
 * @param areas none: the activity serves everybody
 */
export function servedAt(
  postcode: string | undefined,
  areas: readonly Location[],
  postcodesOf: PostcodesOf,
): Served {
  if (areas.length === 0) return 'in';
  const home = homeOf(postcode);
  if (!home) return 'unknown';
  const each = areas.map((area) => servedBy(home, area, postcodesOf));
  if (each.includes('in')) return 'in';
  return each.includes('unknown') ? 'unknown' : 'out';
}

function homeOf(postcode: string | undefined): Home | undefined {
  const match = POSTCODE.exec((postcode ?? '').trim().toUpperCase().replaceAll(/\s+/g, ' '));
  if (!match) return undefined;
  const [whole, outward, digit] = match as unknown as [string, string, string];
  return { outward, sector: `${outward} ${digit}`, whole: whole.replace(' ', '') };
}

function servedBy(home: Home, { identifier = [] }: Location, postcodesOf: PostcodesOf): Served {
  const tokens = identifier.flatMap(({ system, value = '' }) => {
    if (system === AREA_SYSTEMS.postcodes) return value.split(/[,;\n]/).map((one) => one.trim());
    return system === AREA_SYSTEMS.uri ? [value.slice(value.lastIndexOf('/') + 1)] : [];
  });
  const each = tokens.filter((one) => one !== '').map((token) => holds(home, token, postcodesOf));
  if (each.includes('in')) return 'in';
  return each.length === 0 || each.includes('unknown') ? 'unknown' : 'out';
}

/** A token is a code of an area, a postcode, a sector (B1 4), an outward code (B1) or the letters that it starts with (B). */
function holds(home: Home, token: string, postcodesOf: PostcodesOf): Served {
  const text = token.toUpperCase().replaceAll(/\s+/g, ' ');
  if (AREA_CODE.test(text)) {
    const within = Object.hasOwn(postcodesOf, text) ? postcodesOf[text] : undefined;
    if (!within) return 'unknown';
    return within.some((one) => !AREA_CODE.test(one) && holds(home, one, {}) === 'in') ? 'in' : 'out';
  }
  const postcode = POSTCODE.exec(text);
  if (postcode) return told(postcode[0].replace(' ', '') === home.whole);
  if (/^[A-Z]{1,2}\d[A-Z\d]? \d$/.test(text)) return told(text === home.sector);
  if (/^[A-Z]{1,2}\d[A-Z\d]?$/.test(text))
    return told(text === home.outward || text === home.outward.replace(/(?<=\d)[A-Z]$/, ''));
  if (/^[A-Z]{1,2}$/.test(text)) return told(text === home.outward.replace(/\d.*$/, ''));
  return 'unknown';
}

function told(isIn: boolean): Served {
  return isIn ? 'in' : 'out';
}
