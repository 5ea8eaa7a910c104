/** Turns names, texts and numbers into words of the mapping language, quoted only where they must be. */
const BARE = /^[A-Za-z_]\w*$/;

const ESCAPED: ReadonlyMap<string, string> = new Map([
  ['\n', String.raw`\n`],
  ['\r', String.raw`\r`],
  ['\t', String.raw`\t`],
  ['\f', String.raw`\f`],
]);

/** @returns true for a name that needs no quotes */
export function isBareName(text: string): boolean {
  return BARE.test(text);
}

/** @param reserved words that mean something else at this place @returns `name`, or the name in back quotes */
export function nameText(text: string, reserved: ReadonlySet<string> = new Set()): string {
  return BARE.test(text) && !reserved.has(text) ? text : quoted(text, '`');
}

/** @returns the text between quotes, with what would end or change it escaped */
export function quoted(text: string, quote: '"' | "'" | '`'): string {
  const escaped = text.replaceAll(
    /[\\"'`\n\r\t\f]/g,
    (sign) => ESCAPED.get(sign) ?? (sign === '\\' || sign === quote ? `\\${sign}` : sign),
  );
  return `${quote}${escaped}${quote}`;
}

/** @returns digits without an exponent; a decimal has a point always: `1.0` */
export function numberText(value: number, type: 'integer' | 'decimal'): string {
  const text = withoutExponent(String(value));
  return type === 'decimal' && !text.includes('.') ? `${text}.0` : text;
}

function withoutExponent(text: string): string {
  const [, sign, whole, fraction = '', exponent] = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text) ?? [];
  if (sign === undefined) return text;
  const point = whole!.length + Number(exponent);
  const digits = (whole! + fraction).padStart(whole!.length + fraction.length + Math.max(0, 1 - point), '0');
  const at = Math.max(point, 1);
  const padded = digits.padEnd(at, '0');
  return padded.length > at ? `${sign}${padded.slice(0, at)}.${padded.slice(at)}` : sign + padded;
}
