/** Turns a referral that was withdrawn at its service, and goes on here, into what somebody is asked to do. */
import { issueOf } from '../../fhir/outcome.ts';
import { type NewWork, reportItem } from '../../store/work-items.ts';
import type { Standing } from './gather.ts';

/** @returns the same item however often it is asked for */
export function referAnew(target: string, { key, version }: Standing): NewWork {
  const { type, id, ownerOrg } = version;
  const diagnostics = `${key} was withdrawn at the service, as when consent to refer ended, and goes on here: BaRS opens no referral again, and nothing more is sent of it. Refer the person anew under another id, unless that was done, and end ${key} here.`;
  const issue = issueOf({
    ...{ severity: 'warning', code: 'business-rule', rule: 'bars-refer-anew', diagnostics },
    expression: 'ServiceRequest.status',
  });
  return reportItem({ seq: 0, target, deliveryKey: '', type, id, ownerOrg }, issue);
}
