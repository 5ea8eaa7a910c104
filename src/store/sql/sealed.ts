/** Turns who reads into what labels and consents leave them of a row. */
import { purposeCode } from '../../referral/consent.ts';
import type { Viewer } from '../viewer.ts';
import type { SqlValue } from './statement.ts';

/** A condition, with its values in order. */
export interface SealSql {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

/** Which columns of a statement a row's are. */
export interface SealedRow {
  /** such as `r.rid` */
  readonly rid: string;
  readonly person: string;
  /** of a current row, such as `r.version`; absent for versions of a history, which any labelled version hides */
  readonly version?: string;
}

/** A row of the table `resource` under the alias `r`. */
export const CURRENT_ROW: SealedRow = { rid: 'r.rid', person: 'r.person_id', version: 'r.version' };

/**
 * @param nowMs when it is read: consents hold for a time
 * @returns what holds for rows that may be seen; undefined where nothing is hidden. What belongs to nobody is hidden by a label
 *   of its own alone
 */
export function sealedSql(viewer: Viewer, row: SealedRow, nowMs: number): SealSql | undefined {
  if (viewer.breaksGlass) return undefined;
  const parts: SealSql[] = [];
  if (!viewer.seesRestricted) parts.push(unlabelled(row));
  if (viewer.purpose !== undefined) parts.push(agreed(viewer.purpose, row, nowMs));
  if (parts.length === 0) return undefined;
  return {
    text: parts.map(({ text }) => text).join(' AND '),
    values: parts.flatMap(({ values }) => values),
  };
}

/** A person is known by one of their patients: of restricted people all patients are marked. */
function unlabelled({ rid, person, version }: SealedRow): SealSql {
  const ofVersion = version === undefined ? '' : ` AND seal.version = ${version}`;
  return {
    text: `NOT EXISTS (SELECT 1 FROM restricted seal WHERE seal.patient_id = ${person})
      AND NOT EXISTS (SELECT 1 FROM resource_label seal WHERE seal.rid = ${rid}${ofVersion})`,
    values: [],
  };
}

/** Codes alone cannot be given here: who agreed to no more is not seen. */
function agreed(purpose: string, { person }: SealedRow, nowMs: number): SealSql {
  return {
    text: `(${person} IS NULL OR EXISTS (
      SELECT 1 FROM sharing_agreed seal WHERE seal.person_id = ${person} AND seal.purpose = ?
        AND seal.from_ms <= ? AND seal.until_ms > ? AND seal.extent = 'full'))`,
    values: [purposeCode(purpose), nowMs, nowMs],
  };
}
