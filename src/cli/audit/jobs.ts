/** Turns the audit into what is wrong with it, archives included, and into AuditEvents: jobs of the running adapter, or beside its store. */
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { AuditEvent } from '@medplum/fhirtypes';
import { z } from 'zod';
import { auditEventOf } from '../../api/audit-event.ts';
import { withoutPlaces } from '../../api/audit-places.ts';
import type { AccessQuery } from '../../store/accesses.ts';
import { brokenAt, CHAIN_START, type ChainedRow, type ChainName } from '../../store/audit-chain.ts';
import type { AuditArchive } from '../../store/retention.ts';
import type { Workshop } from '../again/workshop.ts';

export type VerifyEvent =
  | { readonly event: 'broken'; readonly chain: ChainName; readonly fault: string }
  | { readonly event: 'whole'; readonly rows: Readonly<Record<ChainName, number>> };

const CHAINS: readonly ChainName[] = ['audit', 'access'];

/** From the first row that was ever written on; of each chain the first fault is told. */
export async function* verifyJob({ store, archiveDir }: Workshop): AsyncGenerator<VerifyEvent> {
  let isWhole = true;
  const rows: Record<ChainName, number> = { audit: 0, access: 0 };
  for (const chain of CHAINS) {
    const fault = await archiveFault(await store.auditArchives(chain), archiveDir);
    if (fault !== undefined) yield { event: 'broken', chain, fault };
    isWhole &&= fault === undefined;
    rows[chain] = await lastSeq(store, chain);
  }
  const broken = await store.verifyAudit();
  if (broken)
    yield { event: 'broken', chain: broken.chain, fault: `row ${broken.seq} does not fit the row before it` };
  const reason = await store.accesses.brokenReason();
  if (reason !== undefined)
    yield {
      event: 'broken',
      chain: 'access',
      fault: `the reason beside row ${reason} is not the one that was given`,
    };
  if (isWhole && !broken && reason === undefined) yield { event: 'whole', rows };
}

async function lastSeq({ audit, auditArchives }: Workshop['store'], chain: ChainName): Promise<number> {
  let last = (await auditArchives(chain)).at(-1)?.lastSeq ?? 0;
  for (;;) {
    const page = await audit(PAGE, last, chain);
    last = page.at(-1)?.seq ?? last;
    if (page.length < PAGE) return last;
  }
}

/** @returns what is wrong with the files of a chain; the first fault */
async function archiveFault(archives: readonly AuditArchive[], folder: string): Promise<string | undefined> {
  let end = { seq: 0, hash: CHAIN_START };
  for (const { file, firstSeq, lastSeq, lastHash } of archives) {
    const path = join(folder, file);
    if (!existsSync(path)) return `${file} with rows ${firstSeq} to ${lastSeq} is not in ${folder}`;
    for await (const row of rowsIn(path)) {
      if (!row || brokenAt([row], end) !== undefined)
        return `row ${end.seq + 1} in ${file} does not fit the row before it`;
      end = { seq: row.seq, hash: row.hash };
    }
    if (end.seq !== lastSeq || end.hash !== lastHash)
      return `${file} does not end with row ${lastSeq} as the store knows it`;
  }
  return undefined;
}

/** @returns each row; undefined for a line that is none */
async function* rowsIn(path: string): AsyncGenerator<ChainedRow | undefined> {
  for await (const line of createInterface({ input: createReadStream(path, 'utf8') })) {
    let value: ChainedRow | { readonly chainHead: unknown };
    try {
      value = JSON.parse(line) as typeof value;
    } catch {
      yield undefined;
      continue;
    }
    if (!('chainHead' in value)) yield value;
  }
}

export const exportSchema = z.strictObject({
  patient: z
    .string()
    .regex(/^(Patient\/)?[A-Za-z0-9.-]{1,64}$/, 'the id of a Patient')
    .optional(),
  client: z.string().min(1).optional(),
  fromMs: z.number().optional(),
  untilMs: z.number().optional(),
});

export interface ExportEvent {
  readonly event: 'audit-event';
  readonly resource: AuditEvent;
}

const PAGE = 500;

/** Newest first; what lies in archives is not among them. */
export async function* exportJob(
  { store }: Workshop,
  { patient: given, client, fromMs, untilMs }: z.infer<typeof exportSchema>,
): AsyncGenerator<ExportEvent> {
  const patient = given?.replace(/^Patient\//, '');
  const query: AccessQuery = {
    organisations: undefined,
    count: PAGE,
    ...(client !== undefined && { client }),
    ...(fromMs !== undefined && { lowMs: fromMs }),
    ...(untilMs !== undefined && { highMs: untilMs }),
    ...(patient !== undefined && {
      entities: [[`Patient/${patient}` as const, `Patient/${await store.personOf(patient)}` as const]],
    }),
  };
  for (let before: number | undefined; ; ) {
    const page = await store.accesses.search({ ...query, ...(before !== undefined && { before }) });
    for (const access of await withoutPlaces(store, page))
      yield { event: 'audit-event', resource: auditEventOf(access) };
    before = page.at(-1)?.seq;
    if (page.length < PAGE) return;
  }
}
