/** An organisation as the Organisation Data Service knows it, in one shape whichever of its interfaces was asked. */

/** Dates are FHIR dates: `2026-01-31`. */
export interface OdsOrganisation {
  /** upper case */
  readonly code: string;
  readonly name: string;
  readonly status: 'active' | 'inactive';
  readonly roles: readonly OdsRole[];
  /** who goes on with its work; several after a split */
  readonly successors: readonly OdsLink[];
  readonly predecessors: readonly OdsLink[];
  /** code of its primary care network */
  readonly pcn: string | undefined;
  /** first and last day of work */
  readonly openedOn: string | undefined;
  readonly closedOn: string | undefined;
  readonly lastChange: string | undefined;
}

export interface OdsRole {
  /** such as RO177 */
  readonly code: string;
  readonly isPrimary: boolean;
  readonly isActive: boolean;
}

export interface OdsLink {
  readonly code: string;
  /** since when, where it is said */
  readonly since: string | undefined;
}

/** Codes of ODS that may be told otherwise by the configuration. */
export interface OdsCodes {
  /** role of a primary care network */
  readonly pcnRole: string;
  /** relationship of a practice with its network */
  readonly pcnRelationship: string;
  /** what a succession is called, compared without case */
  readonly successor: readonly string[];
  readonly predecessor: readonly string[];
}

/** @param today FHIR date @returns whether it works no more: its last day is over, or its record is inactive */
export function isClosed({ status, closedOn }: OdsOrganisation, today: string): boolean {
  return status === 'inactive' || (closedOn !== undefined && closedOn < today);
}

/** @returns ODS codes as they are compared: upper case, no spaces around */
export function odsCode(text: string): string {
  return text.trim().toUpperCase();
}
