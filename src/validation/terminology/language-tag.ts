/** Tells whether a text is a language tag of BCP 47, by its grammar and the subtags that the platform knows. */
import { and, type Told } from './part.ts';

/** language, extended languages, script, region, variants, extensions, private use; languages of four letters and more are reserved */
const TAG =
  /^[a-z]{2,3}(?:-[a-z]{3}){0,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*(?:-[a-wyz\d](?:-[a-z\d]{2,8})+)*(?:-x(?:-[a-z\d]{1,8})+)?$/i;
const PRIVATE_TAG = /^x(?:-[a-z\d]{1,8})+$/i;
/** Registered before the grammar was; too few to be listed here. */
const GRANDFATHERED = /^(?:i-[a-z\d]{3,8}|en-gb-oed|sgn-[a-z]{2}-[a-z]{2})$/i;
const PLAIN_TAG = /^([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|\d{3}))?(-.*)?$/i;
/** Longest tag that is looked at, in characters. */
const LONGEST = 100;

const names = (type: 'language' | 'script' | 'region'): Intl.DisplayNames =>
  new Intl.DisplayNames('en', { type, fallback: 'none' });
let known: Record<'language' | 'script' | 'region', Intl.DisplayNames> | undefined;

/**
 * @param text in any case: `en`, `en-GB`, `zh-Hans`
 * @returns undefined for a tag of good form with a subtag that may be registered or not
 * @source RFC 5646, 2.1 and 2.2
 */
export function languageTagTold(text: string): Told {
  if (text.length > LONGEST || PRIVATE_TAG.test(text) || GRANDFATHERED.test(text)) return undefined;
  if (!TAG.test(text)) return false;
  const plain = PLAIN_TAG.exec(text);
  if (!plain) return undefined;
  const [, language = '', script, region, rest] = plain;
  return and([language, script, region, rest], (part) => {
    if (part === undefined) return true;
    if (part === rest) return undefined;
    if (part === language) return languageTold(language.toLowerCase());
    return isKnown(part === script ? 'script' : 'region', part) || undefined;
  });
}

/** All two-letter languages there will be are registered; three-letter ones are thousands, of which the platform knows some. */
function languageTold(language: string): Told {
  if (isKnown('language', language)) return true;
  return language.length === 2 ? false : undefined;
}

/** What the platform takes for another code, such as UK for GB, is none that is registered. */
function isKnown(type: 'language' | 'script' | 'region', code: string): boolean {
  known ??= { language: names('language'), script: names('script'), region: names('region') };
  const written = type === 'region' ? code.toUpperCase() : code;
  if (type === 'region' && !Intl.getCanonicalLocales(`und-${written}`)[0]?.endsWith(`-${written}`))
    return false;
  return known[type].of(written) !== undefined;
}
