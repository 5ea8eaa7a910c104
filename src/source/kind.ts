/** Turns a source's folder (`mappings/<source>/source.json` and its schemas) into what readers and the pipeline need to know of each kind. */

/** `mappings/<source>/source.json`, checked by zod in `loadSource`. */
export interface SourceManifest {
  /** name of the source; never changes, since ids derive from it */
  readonly name: string;
  /** IANA zone for times written without one; default Europe/London */
  readonly timeZone: string;
  /** what people of that place call things, for pages: `person`, `link worker` */
  readonly words?: Readonly<Record<string, string>>;
  readonly kinds: Readonly<Record<string, KindManifest>>;
}

export interface KindManifest {
  /** JSON Schema of the record as read, in the same folder: `referral.schema.json` */
  readonly schema: string;
  /** FML file in the same folder; its first group takes the record to the logical model */
  readonly map: string;
  /** name of the logical model: `SocialPrescribingReferral` */
  readonly model: string;
  /** fields (dotted paths) that make the record's key */
  readonly key: readonly string[];
  /** field (dotted path) with the source's own time of the record */
  readonly time?: string;
  /** names of sheets and starts of file names that hold this kind: ["Referrals", "referral"] */
  readonly files?: readonly string[];
}
