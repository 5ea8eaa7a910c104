/** Names the hand-written maps by source and kind: `spreadsheet/referral`. */
import type { Bundle } from '@medplum/fhirtypes';
import { platformContact } from './platform-contact.ts';
import { platformOutcome } from './platform-outcome.ts';
import { platformQuestionnaire } from './platform-questionnaire.ts';
import { platformReferral } from './platform-referral.ts';
import { platformSupport } from './platform-support.ts';
import { spreadsheetContact } from './spreadsheet-contact.ts';
import { spreadsheetOutcome } from './spreadsheet-outcome.ts';
import { spreadsheetQuestionnaire } from './spreadsheet-questionnaire.ts';
import { spreadsheetReferral } from './spreadsheet-referral.ts';
import { spreadsheetSupport } from './spreadsheet-support.ts';

/** A record as its reader gives it, which fits the kind's schema; out comes what `KindMap.run` gives, without issues. */
export type HandMap = (record: Readonly<Record<string, unknown>>) => Bundle;

export const HAND_MAPS = new Map(
  Object.entries({
    'platform/contact': platformContact,
    'platform/outcome': platformOutcome,
    'platform/questionnaire': platformQuestionnaire,
    'platform/referral': platformReferral,
    'platform/support': platformSupport,
    'spreadsheet/contact': spreadsheetContact,
    'spreadsheet/outcome': spreadsheetOutcome,
    'spreadsheet/questionnaire': spreadsheetQuestionnaire,
    'spreadsheet/referral': spreadsheetReferral,
    'spreadsheet/support': spreadsheetSupport,
  }),
) as unknown as ReadonlyMap<string, HandMap>;
