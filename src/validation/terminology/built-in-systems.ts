/** Tells codes of systems that are defined by a grammar or a registry instead of a CodeSystem: languages, media types, units, countries … */
import { SNOMED_SYSTEM } from '../../fhir/identifiers.ts';
import { unitOf } from '../../fhirpath/units.ts';
import type { Match } from './code-set.ts';
import { languageTagTold } from './language-tag.ts';
import { loincTold } from './loinc.ts';
import type { Told } from './part.ts';
import { snomedTold } from './snomed.ts';

export const LOINC_SYSTEM = 'http://loinc.org';
export const UCUM_SYSTEM = 'http://unitsofmeasure.org';

/** A system whose codes are told by a test. */
export interface BuiltInSystem {
  test(code: string): Told;
  readonly match: Match;
  /** why the test cannot tell of some codes */
  readonly because: string;
}

/** ISO 3166 alpha-2 codes in use; undefined where no list of them is at hand. */
export type Countries = () => ReadonlySet<string> | undefined;

/** Answers of one system that are kept, and the longest code, in characters, whose answer is. */
const MOST_REMEMBERED = 500;
const LONGEST_REMEMBERED = 40;
/** Longest unit that is looked at, in characters. */
const LONGEST_UNIT = 100;
/** Codes of ISO 4217 that are no money of a country, and so not among those that the platform lists. */
const NO_COUNTRYS_CURRENCIES = 'XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX'.split(' ');
const MEDIA_TYPE = /^([a-z\d][\w!#$&^.+-]{0,126})\/[a-z\d][\w!#$&^.+-]{0,126}(\s*;.*)?$/i;
const MEDIA_PARAMETERS = /^(?:\s*;\s*[\w!#$&^.+'*-]+=(?:[\w!#$&^.+'*%`|~-]+|"[^"\\]*"))*$/;
const MEDIA_KINDS = new Set(
  'application audio example font haptics image message model multipart text video'.split(' '),
);
/** FHIR's own short names of its formats, allowed where a format of FHIR is meant. */
const FHIR_FORMATS = new Set(['xml', 'json', 'ttl']);
const USER_ASSIGNED_COUNTRY = /^(?:AA|Q[M-Z]|X[A-Z]|ZZ)$/;
const ZONE_AREAS = new Set(
  'Africa America Antarctica Arctic Asia Atlantic Australia Brazil Canada Chile Etc Europe Indian Mexico Pacific US'.split(
    ' ',
  ),
);

let currencies: ReadonlySet<string> | undefined;

/** @returns how codes of a system are told, for every system that is known here without a CodeSystem */
export function builtInSystems(countries: Countries): ReadonlyMap<string, BuiltInSystem> {
  const registry = (name: string): string =>
    `a code of good form may be in ${name} or not; only part of it is here`;
  const noRelease = (name: string): string => `${name} is not here; a terminology server can tell`;
  const of = (match: Match, because: string, test: (code: string) => Told): BuiltInSystem => ({
    test,
    match,
    because,
  });
  const asking = (match: Match, because: string, test: (code: string, countries: Countries) => Told) =>
    of(
      match,
      because,
      remembering((code) => test(code, countries)),
    );
  const longUnit = 'a unit with a space or of more than 100 characters is not computed here';
  return new Map([
    [SNOMED_SYSTEM, of('exact', noRelease('SNOMED CT'), snomedTold)],
    [LOINC_SYSTEM, of('unsure', noRelease('LOINC'), loincTold)],
    ['urn:ietf:bcp:13', of('any-case', registry('the registry of media types'), mediaTypeTold)],
    ['urn:iso:std:iso:11073:10101', of('unsure', noRelease('ISO 11073-10101'), () => undefined)],
    [UCUM_SYSTEM, asking('exact', longUnit, ucumTold)],
    ['urn:ietf:bcp:47', asking('any-case', registry('the registry of language subtags'), languageTagTold)],
    ['urn:iso:std:iso:4217', asking('exact', registry('ISO 4217'), currencyTold)],
    ['urn:iso:std:iso:3166', asking('unsure', registry('ISO 3166'), countryTold)],
    ['urn:iso:std:iso:3166:-2', asking('unsure', registry('ISO 3166-2'), subdivisionTold)],
    ['https://www.iana.org/time-zones', asking('unsure', registry('the time zone database'), zoneTold)],
  ]);
}

/** The platform takes up to 0.1 ms to look a name up, and records use few different ones. */
function remembering(test: (code: string) => Told): (code: string) => Told {
  const known = new Map<string, Told>();
  return (code) => {
    if (known.has(code)) return known.get(code);
    const told = test(code);
    if (known.size >= MOST_REMEMBERED) known.clear();
    if (code.length <= LONGEST_REMEMBERED) known.set(code, told);
    return told;
  };
}

/**
 * FHIR publishes a few units with spaces inside their braces, which UCUM has not. The library takes names (`milligram`) for codes,
 * and gives the code back.
 */
function ucumTold(code: string): Told {
  if (code.length > LONGEST_UNIT || /\s/.test(code)) return undefined;
  const unit = unitOf(code);
  return unit !== undefined && bareUnit(String(unit.entry.csCode_)) === bareUnit(code);
}

/** @returns a unit without what the library adds, moves or takes away: annotations, brackets, the 1 of `1/min` */
function bareUnit(code: string): string {
  return code
    .replaceAll(/\{[^{}]*\}/g, '')
    .replaceAll(/[()]/g, '')
    .replace(/^1\//, '/');
}

/** @source RFC 6838, 4.2 and 4.3 */
function mediaTypeTold(code: string): Told {
  if (FHIR_FORMATS.has(code)) return undefined;
  const match = MEDIA_TYPE.exec(code);
  if (!match) return false;
  const [, kind = '', parameters = ''] = match;
  return (MEDIA_KINDS.has(kind.toLowerCase()) && MEDIA_PARAMETERS.test(parameters)) || undefined;
}

/** A currency starts with its country's code. */
function currencyTold(code: string, countries: Countries): Told {
  if (!/^[A-Z]{3}$/.test(code)) return false;
  currencies ??= new Set([...Intl.supportedValuesOf('currency'), ...NO_COUNTRYS_CURRENCIES]);
  if (currencies.has(code)) return true;
  const isNamed = new Intl.DisplayNames('en', { type: 'currency', fallback: 'none' }).of(code) !== undefined;
  const isPlausible = code.startsWith('X') || countries()?.has(code.slice(0, 2)) !== false;
  return isNamed || isPlausible ? undefined : false;
}

/** Three letters and numbers are codes of ISO 3166 as well, of which no list is here. */
function countryTold(code: string, countries: Countries): Told {
  if (/^[A-Z]{3}$|^\d{3}$/i.test(code)) return undefined;
  if (!/^[A-Z]{2}$/i.test(code)) return false;
  const upper = code.toUpperCase();
  const list = countries();
  if (!list || USER_ASSIGNED_COUNTRY.test(upper)) return undefined;
  if (list.has(upper)) return code === upper || undefined;
  const isNamed = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' }).of(upper) !== undefined;
  return isNamed ? undefined : false;
}

function subdivisionTold(code: string, countries: Countries): Told {
  if (!/^[A-Z]{2}-[A-Z\d]{1,3}$/i.test(code)) return false;
  return countryTold(code.slice(0, 2), countries) === false ? false : undefined;
}

/** @source IANA time zone database; the platform knows every zone and link of its edition, and offsets, which are none */
function zoneTold(code: string): Told {
  if (!/^[A-Za-z][\w+/-]*$/.test(code)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: code });
    return true;
  } catch {
    return code.includes('/') && ZONE_AREAS.has(code.split('/')[0]!) ? undefined : false;
  }
}
