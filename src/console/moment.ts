/** Turns epoch milliseconds into what a `<time>` element shows: UTC, and it says so. */

export interface Moment {
  /** for the `datetime` attribute */
  readonly iso: string;
  readonly text: string;
}

const WORDS = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' });

export function momentOf(ms: number): Moment {
  return { iso: new Date(ms).toISOString(), text: `${WORDS.format(ms)} UTC` };
}
