/** Turns a source's map files into one function a kind: record in, FHIR Bundle with local ids out. */
import type { Bundle, OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { Explained } from './explain.ts';
import type { Losses } from './loss.ts';

/** Both hops of one kind, compiled. */
export interface KindMap {
  /**
   * Maps one record.
   * @param record as read, fits the kind's schema; never changed
   * @param issues gets a warning for each unmapped code and unread field, an error for a failed `check`
   * @returns a Bundle of type collection; ids and references are local (`Patient:person:P1`); members that are absent may
   *   be there as undefined, as JSON.stringify leaves them out
   */
  readonly run: (record: Readonly<Record<string, unknown>>, issues: OperationOutcomeIssue[]) => Bundle;
  /** first hop alone, for tests and explanations: record to logical model */
  readonly toModel: (record: Readonly<Record<string, unknown>>, issues: OperationOutcomeIssue[]) => unknown;
  /**
   * As `run`, and for each element with a value the fields of the record and the rules that it comes from.
   * @param within paths of the Bundle, `entry[2].resource`: only they and what stands below are told; default everything
   */
  readonly explain: (
    record: Readonly<Record<string, unknown>>,
    issues: OperationOutcomeIssue[],
    within?: readonly string[],
  ) => Explained<Bundle>;
  /**
   * The way back; undefined where the source has no maps for it.
   * @param bundle with local ids, as `run` gives it; never changed
   * @param issues gets a warning for each code that has no translation back
   * @returns the record, as read; undefined after an issue that stopped the run
   */
  readonly back?: (
    bundle: Bundle,
    issues: OperationOutcomeIssue[],
  ) => Readonly<Record<string, unknown>> | undefined;
  /** as `back`, and for each field of the record the elements of the Bundle and the rules that it comes from */
  readonly explainBack?: (
    bundle: Bundle,
    issues: OperationOutcomeIssue[],
  ) => Explained<Readonly<Record<string, unknown>> | undefined>;
  /** the JavaScript of the source's maps, for a reader */
  readonly code: string;
}

/** A source's maps, with the logical model's, under one version. */
export interface MapSet {
  readonly source: string;
  /** content digest of every map, ConceptMap and schema in it, and of `loss.json`: its version */
  readonly digest: string;
  /** the text that the digest is of, kept in the store */
  readonly text: string;
  readonly kinds: ReadonlyMap<string, KindMap>;
  /** what `back` does not give back as it was, by kind: the source's `loss.json` */
  readonly losses: Losses;
}
