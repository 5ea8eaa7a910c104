/** Turns what was written of a record into its rows of the audit. */
import { PROJECT_NAMESPACE, uuidV5 } from '../../../fhir/ids.ts';
import type { AuditRow } from '../../audit-chain.ts';
import type { CommitRecord, WrittenVersion } from '../../store.ts';
import { OF_PRACTICES } from '../practices.ts';

/**
 * Source keys may name people, so the record is named by a digest of its key. Who decided of a conflict is who acted. Practices
 * stand in a row of their own, which names no record: whoever is restricted later is registered with one of them, and rows of
 * the audit stay as they are.
 */
export function auditOf(
  { source, kind, key, ownerOrg, decision, resources }: CommitRecord,
  written: readonly WrittenVersion[],
  atMs: number,
): Omit<AuditRow, 'seq'>[] {
  const id = uuidV5(PROJECT_NAMESPACE, JSON.stringify(['record', source, kind, key]));
  const { work, choice } = decision ?? {};
  const actor = decision?.actor ?? source;
  const action = decision ? 'decide' : 'commit';
  const row = (detail: object): Omit<AuditRow, 'seq'> => {
    return { atMs, ownerOrg, actor, action, detail: JSON.stringify(detail) };
  };
  const isApart = resources.some(({ resource }) => !OF_PRACTICES.has(resource.resourceType));
  const practices = isApart ? written.filter(isOfPractice) : [];
  const own = isApart ? written.filter((one) => !isOfPractice(one)) : written;
  const isNamed = own.length > 0 || practices.length === 0 || decision !== undefined;
  return [
    ...(practices.length > 0 ? [row({ kind, written: practices.map(versionOf) })] : []),
    ...(isNamed ? [row({ record: id, kind, written: own.map(versionOf), work, choice })] : []),
  ];
}

function isOfPractice({ type }: WrittenVersion): boolean {
  return OF_PRACTICES.has(type);
}

function versionOf({ type, id, version }: WrittenVersion): string {
  return `${type}/${id}/${version}`;
}
