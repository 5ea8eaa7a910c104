/** Turns a number into a synthetic person: name, birth, home, practice, language; consistent, and the same on every run. */
import { addDays, TODAY } from './calendar.ts';
import { namesFor } from './names.ts';
import { testNhsNumber } from './nhs-number.ts';
import { type Place, PRACTICES, STREETS, TOWNS } from './places.ts';
import type { Random } from './random.ts';

export type Gender = 'female' | 'male' | 'other' | 'unknown';
export type ContactBy = 'telephone' | 'email' | 'letter' | 'sms';

export interface Person {
  /** number in the whole set, from 0: NHS number, telephone and address derive from it */
  readonly number: number;
  readonly nhsNumber: string | undefined;
  readonly nhsNumberVerified: boolean;
  readonly title: string | undefined;
  readonly given: string;
  readonly family: string;
  readonly knownAs: string | undefined;
  readonly birthDate: string;
  readonly gender: Gender;
  /** UK Core England code: A … S, Z not stated, 99 not known */
  readonly ethnicCategory: string;
  /** BCP 47 */
  readonly language: string;
  readonly interpreter: boolean;
  readonly line: string;
  readonly town: string;
  readonly postcode: string;
  readonly phone: string | undefined;
  readonly email: string | undefined;
  readonly contactBy: ContactBy;
  readonly practice: Place;
}

const ETHNIC: readonly (readonly [string, number])[] = [
  ['A', 52],
  ['B', 3],
  ['C', 7],
  ['D', 1],
  ['E', 1],
  ['F', 1],
  ['G', 1],
  ['H', 5],
  ['J', 6],
  ['K', 3],
  ['L', 2],
  ['M', 4],
  ['N', 5],
  ['P', 1],
  ['R', 2],
  ['S', 2],
  ['Z', 3],
  ['99', 1],
];
const TITLES: Readonly<Partial<Record<Gender, readonly string[]>>> = {
  female: ['Mrs', 'Ms', 'Miss'],
  male: ['Mr'],
};
const POSTCODE_LETTERS = 'ABDEFGHJLNPQRSTUWXYZ';

/**
 * Makes one person.
 * @param number from 0, unique in the set
 * @param ages youngest and oldest age in years on the set's day
 */
export function makePerson(random: Random, number: number, ages: readonly [number, number]): Person {
  const gender = random.weighted<Gender>([
    ['female', 58],
    ['male', 38],
    ['other', 3],
    ['unknown', 1],
  ]);
  const ethnicCategory = random.weighted(ETHNIC);
  const pool = namesFor(ethnicCategory);
  const given = random.pick(
    gender === 'male' ? pool.male : gender === 'female' ? pool.female : [...pool.female, ...pool.male],
  );
  const birthDate = addDays(
    TODAY,
    -Math.floor(365.25 * random.between(ages[0], ages[1])) - random.below(360),
  );
  const hasNumber = !random.chance(7);
  const language = pool.languages.length > 0 && random.chance(30) ? random.pick(pool.languages) : 'en';
  const isMinor = ages[1] < 20;
  return {
    number,
    nhsNumber: hasNumber ? testNhsNumber(number) : undefined,
    nhsNumberVerified: hasNumber && random.chance(80),
    title: isMinor || random.chance(25) ? undefined : random.pick(TITLES[gender] ?? ['Mx']),
    given,
    family: random.pick(pool.family),
    knownAs: random.chance(12) ? given.slice(0, 3) : undefined,
    birthDate,
    gender,
    ethnicCategory,
    language,
    interpreter: language !== 'en' && random.chance(60),
    ...homeOf(random),
    ...reachOf(random, number, given),
    practice: random.pick(PRACTICES),
  };
}

function homeOf(random: Random): Pick<Person, 'line' | 'town' | 'postcode'> {
  const [town, area] = random.pick(TOWNS);
  const flat = random.chance(25) ? `Flat ${random.between(1, 30)}, ` : '';
  const inward = `${random.below(10)}${POSTCODE_LETTERS[random.below(20)]}${POSTCODE_LETTERS[random.below(20)]}`;
  return {
    line: `${flat}${random.between(1, 140)} ${random.pick(STREETS)}`,
    town,
    postcode: `${area} ${inward}`,
  };
}

/** Telephone numbers come from the ranges that Ofcom keeps free for drama; mail goes to example.org. */
function reachOf(
  random: Random,
  number: number,
  given: string,
): Pick<Person, 'phone' | 'email' | 'contactBy'> {
  const line = String(number % 1000).padStart(3, '0');
  const hasEmail = random.chance(55);
  const hasPhone = random.chance(92);
  const ways: ContactBy[] = ['letter'];
  if (hasPhone) ways.push('telephone', 'telephone', 'sms');
  if (hasEmail) ways.push('email');
  const plain = given
    .normalize('NFD')
    .replaceAll(/[^A-Za-z]/g, '')
    .toLowerCase();
  return {
    phone: hasPhone ? (random.chance(70) ? `07700 900${line}` : `01632 960${line}`) : undefined,
    email: hasEmail ? `${plain}.${number}@example.org` : undefined,
    contactBy: random.pick(ways),
  };
}
