/** Turns versions of packages and definitions into an order, and ranges of versions into the best of those at hand. */

/** How a version is written: unknown words go before dates, and dates before numbers, whatever they say. */
const [WORD, DATE, NUMBERS] = [0, 1, 2] as const;

interface Version {
  readonly form: number;
  readonly numbers: readonly number[];
  /** what stands after the hyphen; empty for a release */
  readonly label: readonly string[];
}

/**
 * Semantic order: 1.10.0 after 1.9.0, a release after its pre-releases. `2018-08-12` and `20180812` go before all that are
 * no dates, other words and the empty text before those.
 * @returns below 0 when `a` goes before `b`, above 0 when after, 0 when neither
 * @source semver.org 2.0.0, section 11; fewer or more than three numbers are read the same way
 */
export function compareVersions(a: string, b: string): number {
  const [one, other] = [read(a), read(b)];
  if (one.form !== other.form) return one.form - other.form;
  if (one.form === DATE) return compareText(a.replaceAll('-', ''), b.replaceAll('-', ''));
  if (one.form === WORD) return compareText(a, b);
  const numbers = compareNumbers(one.numbers, other.numbers);
  return numbers === 0 ? compareLabels(one.label, other.label) : numbers;
}

/**
 * @param wanted as in `dependencies` of a FHIR package: `1.2.3`, `1.2.x`, `1.x`, `latest`, `current`, `dev` or `*`
 * @returns the highest of the versions that is wanted, releases before pre-releases; undefined when there is none
 * @source hl7.org/fhir/packages.html, dependencies
 */
export function bestVersion(wanted: string, versions: readonly string[]): string | undefined {
  if (versions.includes(wanted)) return wanted;
  const start = startOf(wanted);
  if (start === undefined) return undefined;
  const fitting = versions.filter((one) => `${one}.`.startsWith(start)).sort(compareVersions);
  return fitting.findLast((one) => read(one).label.length === 0) ?? fitting.at(-1);
}

/** @returns how the versions of a range begin, or undefined for what is no range */
function startOf(wanted: string): string | undefined {
  if (/^(latest|current|dev|\*|x)$/i.test(wanted)) return '';
  return /^((?:\d+\.){1,2})[xX*]$/.exec(wanted)?.[1];
}

function read(text: string): Version {
  if (/^\d{4}-\d{2}(-\d{2})?$|^\d{8}$/.test(text)) return { form: DATE, numbers: [], label: [] };
  const found = /^v?(\d+(?:\.\d+)*)(?:-([0-9A-Za-z.-]+))?(?:\+.*)?$/.exec(text);
  if (!found) return { form: WORD, numbers: [], label: [] };
  return { form: NUMBERS, numbers: found[1]!.split('.').map(Number), label: found[2]?.split('.') ?? [] };
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** No label goes after any; numbers before words; fewer parts before more. */
function compareLabels(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const [one, other] = [a[at], b[at]];
    if (one === undefined || other === undefined) return a.length - b.length;
    if (one === other) continue;
    const [isNumber, otherIsNumber] = [/^\d+$/.test(one), /^\d+$/.test(other)];
    if (isNumber && otherIsNumber) return Number(one) - Number(other);
    return isNumber === otherIsNumber ? compareText(one, other) : isNumber ? -1 : 1;
  }
  return 0;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
