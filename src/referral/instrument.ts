/** What an instrument is: its items, its scores and how a score is made; the table itself is `instruments.ts`. */

/** A question with a number for an answer. */
export interface Item {
  readonly linkId: string;
  readonly min: number;
  readonly max: number;
  /** true: decimals allowed (PAM score) */
  readonly decimal?: boolean;
  /** LOINC code of the question */
  readonly loinc?: string;
}

/** How a score comes about. Every rule yields nothing rather than a guess when an item it needs has no answer. */
export type ScoreRule =
  /** the sum of the answers */
  | { readonly kind: 'sum'; readonly items: readonly string[] }
  /** the sum, put through a published table; the sum itself becomes a component */
  | {
      readonly kind: 'converted-sum';
      readonly items: readonly string[];
      readonly table: ReadonlyMap<number, number>;
      readonly raw: { readonly code: string; readonly display: string };
    }
  /** one answer as it is; also a score that is accepted and never computed */
  | { readonly kind: 'answer'; readonly item: string }
  /** how many answers are among those that count */
  | {
      readonly kind: 'count';
      readonly counting: readonly { readonly item: string; readonly values: readonly number[] }[];
      readonly missingAllowed: number;
    }
  /** the answers as digits, side by side */
  | { readonly kind: 'digits'; readonly items: readonly string[] }
  /** only ever taken from the record: the licence or the value set is not ours */
  | { readonly kind: 'given' };

/** A score's value: a number, or a profile of digits; `raw` where a table converted a sum. */
export interface ScoreValue {
  readonly value: number | string;
  readonly raw?: number;
}

/** A code in a published system; only verified ones are written. */
export interface ScoreCoding {
  readonly system: string;
  readonly code: string;
  readonly display: string;
  /** the code was checked against a published source */
  readonly verified: boolean;
  /** earlier ids of the same concept: accepted, never written */
  readonly earlier?: readonly string[];
}

/** A published range of a score; both ends included. */
export interface Band {
  readonly code: string;
  readonly display: string;
  readonly low: number;
  readonly high: number;
}

export interface ScoreDefinition {
  /** code in CodeSystem score */
  readonly code: string;
  readonly display: string;
  readonly rule: ScoreRule;
  readonly codings?: readonly ScoreCoding[];
  /** what a higher value means; a profile of digits has no direction */
  readonly higherIs?: 'better' | 'worse';
  readonly bands?: readonly Band[];
  /** points of change that mean something; configuration may say otherwise */
  readonly meaningfulChange?: { readonly some?: number; readonly reliable?: number };
}

export interface Instrument {
  readonly slug: string;
  readonly title: string;
  /** items with numbers; items of words (`concern-1-text`) are in `words` */
  readonly items: readonly Item[];
  readonly words?: readonly string[];
  readonly scores: readonly ScoreDefinition[];
}

export const QUESTIONNAIRE_BASE = 'https://hedgerow.example/fhir/Questionnaire/';
export const SCORE_SYSTEM = 'https://hedgerow.example/fhir/CodeSystem/score';
export const SCORE_BAND_SYSTEM = 'https://hedgerow.example/fhir/CodeSystem/score-band';
export const LOINC_SYSTEM = 'http://loinc.org';
