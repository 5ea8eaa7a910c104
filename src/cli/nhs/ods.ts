/** Turns the word `ods` into what is known of an organisation: who it is, whether it works, and who took over from it. */
import { pino } from 'pino';
import { nhsSchema } from '../../config/nhs.ts';
import type { Config } from '../../config.ts';
import type { OdsKnown, Succession } from '../../nhs/ods/directory.ts';
import type { OdsLink, OdsOrganisation } from '../../nhs/ods/organisation.ts';
import type { AnswerStore, KeptAnswer } from '../../store/kept-answers.ts';
import type { WireFailure } from '../../wire/http.ts';
import { readLock } from '../lock.ts';
import { databaseUrl, openExisting } from '../open-store.ts';
import { openNhsAccess } from './access.ts';
import { openOdsDirectory } from './ods-directory.ts';

interface Outs {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** @returns 0; 2 when ODS knows no such code; 1 when it could not be asked and nothing is kept */
export async function ods(
  code: string,
  { json }: { readonly json?: boolean },
  config: Config,
  { stdout, stderr }: Outs,
  clock: () => number,
): Promise<number> {
  const nhs = config.nhs ?? nhsSchema.parse({});
  const access = openNhsAccess(nhs, { clock, log: pino({ level: 'silent' }) });
  // The embedded store belongs to the adapter while one runs: then it is asked anew, and nothing is kept.
  const isTaken = databaseUrl(config) === undefined && readLock(config.dataDir) !== undefined;
  const store = isTaken ? undefined : await openExisting(config);
  try {
    const answers = store?.answers ?? fleetingAnswers();
    const directory = openOdsDirectory(nhs, access, { answers, clock });
    const never = new AbortController().signal;
    const known = await directory.lookUp(code, never);
    if (!known.ok) return unanswered(known, stderr);
    const followed = await directory.follow(code, never);
    const succession = followed.ok ? followed.succession : undefined;
    if (json) stdout.write(`${JSON.stringify({ ...known, ok: undefined, succession }, undefined, 2)}\n`);
    else stdout.write(wordsOf(code, known, succession));
    return known.organisation ? 0 : 2;
  } finally {
    await store?.close();
    access.close();
  }
}

function unanswered({ outcome }: WireFailure, stderr: Outs['stderr']): number {
  for (const { diagnostics } of outcome.issue) stderr.write(`ODS could not be asked: ${diagnostics}\n`);
  return 1;
}

/** Answers for as long as a command runs. */
function fleetingAnswers(): Pick<AnswerStore, 'get' | 'keep'> {
  const kept = new Map<string, KeptAnswer>();
  return {
    get: async (service, question) => kept.get(`${service} ${question}`),
    keep: async (service, question, answer, askedMs) =>
      void kept.set(`${service} ${question}`, { ...answer, askedMs }),
  };
}

function wordsOf(
  code: string,
  { organisation, askedMs, isStale }: OdsKnown,
  succession: Succession | undefined,
): string {
  const asked = `as ODS said ${new Date(askedMs).toISOString().slice(0, 16)}Z`;
  const note = isStale ? `${asked}; it cannot be asked now` : asked;
  if (!organisation) return `ODS knows no organisation with the code ${code} (${note}).\n`;
  const { openedOn, closedOn, pcn, lastChange } = organisation;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['Status', `${organisation.status}${closedOn === undefined ? '' : `, closed ${closedOn}`}`],
    ['Works since', openedOn],
    ['Roles', rolesOf(organisation)],
    ['Primary care network', pcn],
    ['Successors', linksOf(organisation.successors)],
    ['Predecessors', linksOf(organisation.predecessors)],
    ['Work is done by', heirOf(succession)],
    ['Last change', lastChange],
    ['Known', note],
  ];
  const lines = rows.flatMap(([name, value]) => (value ? [`  ${name.padEnd(22)}${value}`] : []));
  return `${organisation.code}  ${organisation.name}\n${lines.join('\n')}\n`;
}

function rolesOf({ roles }: OdsOrganisation): string {
  return roles
    .map(
      ({ code, isPrimary, isActive }) =>
        `${code}${isPrimary ? ' (primary)' : ''}${isActive ? '' : ' (ended)'}`,
    )
    .join(', ');
}

function linksOf(links: readonly OdsLink[]): string {
  return links.map(({ code, since }) => (since === undefined ? code : `${code} from ${since}`)).join(', ');
}

function heirOf(succession: Succession | undefined): string | undefined {
  if (succession === undefined || succession.kind === 'unknown' || succession.kind === 'open')
    return undefined;
  const last = succession.chain.at(-1);
  if (succession.kind === 'succeeded') return `${last?.code} (${last?.name})`;
  return succession.kind === 'split' ? 'several: a person must decide' : 'nobody that is known';
}
