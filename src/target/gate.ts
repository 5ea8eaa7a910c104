/** What decides whether a resource may go to a target now, and what of it. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import type { Identified } from '../store/store.ts';

/** @returns every form in which a resource may have been sent while another consent held; default: as it may go now */
export type Forms = () => readonly Identified[];

/** Decides whether a resource may go to a target now, and what of it. */
export type Gate = (input: {
  /** undefined for organisations, practitioners and services */
  readonly personId: string | undefined;
  readonly resource: Identified;
  readonly target: string;
}) => Promise<
  | { readonly send: true; readonly resource: Identified; readonly forms?: Forms }
  | {
      readonly send: false;
      readonly outcome: OperationOutcome;
      /** what of the person it was decided from: `basisOf` */
      readonly basis?: string | undefined;
      readonly forms?: Forms;
      /** the target is not configured to get it: nobody need look */
      readonly quiet?: boolean;
    }
>;
