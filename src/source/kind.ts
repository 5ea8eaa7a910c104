/** Turns a source's folder (`mappings/<source>/source.json` and its schemas) into what readers and the pipeline need to know of each kind. */

/** What pages call by a source's own words; what a source does not name goes by this one. */
export const THINGS = [
  'person',
  'link worker',
  'referral',
  'contact',
  'questionnaire',
  'activity',
  'outcome',
] as const;
export type Thing = (typeof THINGS)[number];
export type Words = Readonly<Partial<Record<Thing, string>>>;

/** `mappings/<source>/source.json`, checked by zod in `loadSource`. */
export interface SourceManifest {
  /** name of the source; never changes, since ids derive from it */
  readonly name: string;
  /** IANA zone for times written without one; default Europe/London */
  readonly timeZone: string;
  /**
   * records say how a referral stands, and not each step: what lies between what is stored and what comes is filled in, where
   * the table of states knows a way; default false, and a missing step refuses the record
   */
  readonly backload?: boolean;
  /** what people of that place call things, for pages: { "person": "client" } */
  readonly words?: Words;
  readonly kinds: Readonly<Record<string, KindManifest>>;
}

export interface KindManifest {
  /** JSON Schema of the record as read, in the same folder: `referral.schema.json` */
  readonly schema: string;
  /** FML file in the same folder; its first group takes the record to the logical model */
  readonly map: string;
  /** FML file in the same folder; its first group takes the logical model back to the record: `back-referral.map` */
  readonly back?: string;
  /** name of the logical model: `SocialPrescribingReferral` */
  readonly model: string;
  /** fields (dotted paths) that make the record's key */
  readonly key: readonly string[];
  /** field (dotted path) with the source's own time of the record */
  readonly time?: string;
  /** names of sheets and starts of file names that hold this kind: ["Referrals", "referral"] */
  readonly files?: readonly string[];
}
