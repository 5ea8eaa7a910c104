/** What a rule of a single type says of a value: the one shape for the compiled check and for the explanation. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';

export interface SpecialFault {
  /** stable rule id */
  readonly rule: string;
  /** what is wrong and what to change, after the name of the place; never a patient value */
  readonly text: string;
  /** path below the value, where the fault is there: `entry[2].fullUrl` */
  readonly element?: string;
  /** default error; information is no fault, and says only what was not checked */
  readonly severity?: 'error' | 'warning' | 'information';
  readonly code?: OperationOutcomeIssue['code'];
}

export const NO_FAULTS: readonly SpecialFault[] = [];
