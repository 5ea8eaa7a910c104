/** Turns made tables into the report, and into MeasureReports. */
import { writeFile } from 'node:fs/promises';
import { tell } from '../../research/disclosure/suppress.ts';
import type { Made } from '../../research/make.ts';
import type { ManifestAbout } from '../../research/manifest.ts';
import { measureReports } from '../../research/measures/measure-reports.ts';
import type { ReportAbout, ReportTable } from '../../research/report/input.ts';
import { writeReport } from '../../research/report/write.ts';

export interface ReportOptions {
  /** path of the page */
  readonly out: string;
  /** path of a file for MeasureReports, as a Bundle */
  readonly measures?: string | undefined;
  readonly title?: string | undefined;
  readonly organisations: readonly string[];
}

const COUNTED: Readonly<Record<ManifestAbout['counted'], string>> = {
  consented: 'People who agreed that their data is used for research, and did not opt out of it.',
  everyone: 'Everybody who was referred, but for people whose records are restricted.',
};

export async function writeReports(made: Made, about: ManifestAbout, options: ReportOptions): Promise<void> {
  const tables = made.tables.flatMap((one): ReportTable[] => {
    if (one.kind !== 'aggregate') return [];
    const { name, title, description, columns } = one.table;
    return [{ name, title, description, columns, rows: one.shown.rows }];
  });
  const reported = aboutOf(made, about, options, tables);
  await writeReport(tables, reported, options.out);
  if (options.measures === undefined) return;
  const entry = measureReports(tables, reported).map((resource) => ({ resource }));
  const bundle = { resourceType: 'Bundle', type: 'collection', timestamp: about.madeAt, entry };
  await writeFile(options.measures, `${JSON.stringify(bundle, undefined, 2)}\n`);
}

function aboutOf(
  { cohort }: Made,
  { madeAt, smallNumbers, counted }: ManifestAbout,
  { title = 'Social prescribing', organisations }: ReportOptions,
  tables: readonly ReportTable[],
): ReportAbout {
  const madeOn = madeAt.slice(0, 10);
  const leftOut = Object.entries(cohort.leftOut).filter(([, people]) => people > 0);
  return {
    ...{ title, organisations, madeOn, smallNumbers },
    period: { start: firstMonth(tables) ?? madeOn, end: madeOn },
    population: {
      description: COUNTED[counted],
      people: tell(cohort.size, smallNumbers),
      leftOut:
        counted === 'everyone'
          ? []
          : leftOut.map(([reason, people]) => ({ reason, people: tell(people, smallNumbers) })),
    },
  };
}

/** @returns the first day of the first month that has referrals */
function firstMonth(tables: readonly ReportTable[]): string | undefined {
  const months = tables.find(({ name }) => name === 'referral_months');
  const at = months?.columns.findIndex(({ name }) => name === 'month') ?? -1;
  const found = (months?.rows ?? [])
    .map((row) => row[at])
    .filter((one) => typeof one === 'string' && /^\d{4}-\d\d$/.test(one));
  const first = (found as string[]).sort()[0];
  return first === undefined ? undefined : `${first}-01`;
}
