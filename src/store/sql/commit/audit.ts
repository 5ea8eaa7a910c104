/** Turns what was written of a record into its row of the audit. */
import { PROJECT_NAMESPACE, uuidV5 } from '../../../fhir/ids.ts';
import type { AuditRow } from '../../audit-chain.ts';
import type { CommitRecord, WrittenVersion } from '../../store.ts';

/** Source keys may name people, so the record is named by a digest of its key. Who decided of a conflict is who acted. */
export function auditOf(
  { source, kind, key, ownerOrg, decision }: CommitRecord,
  written: readonly WrittenVersion[],
  atMs: number,
): Omit<AuditRow, 'seq'> {
  const id = uuidV5(PROJECT_NAMESPACE, JSON.stringify(['record', source, kind, key]));
  const versions = written.map((one) => `${one.type}/${one.id}/${one.version}`);
  const { work, choice } = decision ?? {};
  const detail = JSON.stringify({ record: id, kind, written: versions, work, choice });
  return decision
    ? { atMs, ownerOrg, actor: decision.actor, action: 'decide', detail }
    : { atMs, ownerOrg, actor: source, action: 'commit', detail };
}
