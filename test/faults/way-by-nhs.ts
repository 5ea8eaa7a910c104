/** The way to the EHR in a cell of the failure matrix, where it depends on what a service of the NHS says of people, or of their practice. */
import { expect } from 'vitest';
import { startOds } from '../servers/ods.ts';
import { startPds } from '../servers/pds.ts';
import { pdsRecord } from '../servers/pds-records.ts';
import { pemOf, rsaKey } from '../servers/rsa-keys.ts';
import { startTokenServer } from '../servers/token-server.ts';
import { journeys } from './journeys.ts';
import { type CellPlan, expectOnce, type NhsService, runCell, wayOut } from './matrix-cell.ts';

const API_KEY_ENV = 'FAULTS_NHS_API_KEY';
const KEY_ENV = 'FAULTS_NHS_KEY';
const API_KEY = 'the application of tests';
/** More than come in any cell. */
const PEOPLE = 30;
const TPS = 1_000;

type Client = { client: { nhsNumber: string; firstName: string; lastName: string; birthDate: string } };

/** Only people whose number PDS confirms go there, and PDS asks for a token of a second. @throws when what must be true is not */
export async function runPastPds(plan: CellPlan): Promise<void> {
  Object.assign(process.env, { [API_KEY_ENV]: API_KEY, [KEY_ENV]: pemOf(rsaKey('faults')) });
  const clock = { offsetMs: 0 };
  const now = (): number => Date.now() + clock.offsetMs;
  let audience = '';
  const keys = new Map([['k', rsaKey('faults')]]);
  const given = { audience: () => audience, expiresIn: 1 };
  const tokens = await startTokenServer({ clock: now, apiKey: API_KEY, keys, ...given });
  const pds = await startPds({ token: () => tokens.tokens.at(-1) ?? '', tps: TPS });
  for (const { body } of journeys(PEOPLE, 0)) {
    const { nhsNumber, firstName: given, lastName: family, birthDate } = (body as Client).client;
    pds.put(pdsRecord(nhsNumber, { family, given, birthDate }));
  }
  const configure: NhsService['configure'] = (tokenUrl) => {
    audience = tokenUrl;
    const access = { apiKeyEnv: API_KEY_ENV, keys: [{ kid: 'k', env: KEY_ENV }], tokenUrl };
    const nhs = { environment: 'int', access, pds: { baseUrl: pds.url, tps: TPS } };
    return { nhs, ehr: { requiresVerifiedNhsNumber: true } };
  };
  try {
    await runCell(plan, wayOut(expectOnce), { service: { url: tokens.url, clock, configure } });
    expect(pds.seen.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
  } finally {
    await Promise.all([tokens.close(), pds.close()]);
  }
}

/** Where everybody of these cells is registered. */
const CLOSED = 'Y99001';
const HEIR = 'B82002';
/** What was told counts for nine seconds. */
const FRESH_DAYS = 0.0001;

/** Only people of a practice that took over from theirs go there. @throws when what must be true is not */
export async function runByPractice(plan: CellPlan): Promise<void> {
  const ods = await startOds({
    [CLOSED]: { name: 'MEADOW LANE SURGERY', closedOn: '2026-01-31', successors: [HEIR] },
    [HEIR]: { name: 'THE OAK SURGERY' },
    U99001: { name: 'RIVERSIDE PCN', roles: ['RO272'] },
  });
  const configure: NhsService['configure'] = (url) => ({
    nhs: { ods: { url, schedule: '* * * * *', freshDays: FRESH_DAYS } },
    ehr: { send: { practices: [HEIR] } },
  });
  try {
    const service = { url: ods.ordUrl, clock: { offsetMs: 0 }, configure };
    await runCell(plan, wayOut(expectOnce), { service });
  } finally {
    await ods.close();
  }
}
