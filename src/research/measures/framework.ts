/** The common evaluation framework: which numbers of which table stand for reach, needs, support, outcomes and use of health services. */
import { numberOf, type Row, type Tables } from '../report/input.ts';

/** Of so many, so many: cells of a table, suppressed ones included. */
export interface Counts {
  readonly denominator: unknown;
  readonly numerator: unknown;
  /** where it is no share: the mean of what was observed */
  readonly score?: unknown;
}

export interface Stratum extends Counts {
  readonly value: string;
}

export interface Stratifier {
  /** of the CodeSystem measure-part */
  readonly code: string;
  readonly strata: readonly Stratum[];
}

export interface Group {
  /** of the CodeSystem measure-part */
  readonly code: string;
  /** undefined where the strata overlap, or one is not told: their sum is nobody's number */
  readonly all: Counts | undefined;
  readonly stratifiers: readonly Stratifier[];
}

export interface Measured {
  /** id of the Measure */
  readonly measure: string;
  readonly groups: readonly Group[];
}

/** @returns each measure of which there is anything to tell */
export function framework(tables: Tables): Measured[] {
  const all: Measured[] = [
    { measure: 'reach', groups: [reach(tables)] },
    { measure: 'needs', groups: [known(tables, 'determinant'), known(tables, 'instrument'), coded(tables)] },
    { measure: 'support', groups: [stages(tables), declined(tables), notAttended(tables)] },
    { measure: 'outcomes', groups: [byScore(tables, 'improved'), byScore(tables, 'worse'), goals(tables)] },
    { measure: 'use-of-health-services', groups: [contacts(tables)] },
    { measure: 'frequent-visitors', groups: [notReferred(tables)] },
  ];
  return all.flatMap(({ measure, groups }) => {
    const told = groups.filter(({ stratifiers }) => stratifiers.some(({ strata }) => strata.length > 0));
    return told.length === 0 ? [] : [{ measure, groups: told }];
  });
}

/** Dimensions of the table of inequalities; each is a stratifier of the same code, with hyphens. */
const DIMENSIONS = ['imd_decile', 'ethnic_category', 'age_band', 'gender'];

function unequal(tables: Tables, numerator: string, denominator: string): Stratifier[] {
  const rows = tables.rows('inequalities');
  return DIMENSIONS.map((dimension) => ({
    code: dimension.replaceAll('_', '-'),
    strata: strataOf(
      rows.filter((row) => row.dimension === dimension),
      'group',
      numerator,
      denominator,
    ),
  }));
}

function strataOf(rows: readonly Row[], value: string, numerator: string, denominator: string): Stratum[] {
  return rows.map((row) => ({
    value: String(row[value]),
    numerator: row[numerator],
    denominator: row[denominator],
  }));
}

function reach(tables: Tables): Group {
  const strata = strataOf(tables.rows('reach'), 'neighbourhood', 'referred', 'population');
  return {
    code: 'referred',
    all: together(strata),
    stratifiers: [...unequal(tables, 'referred', 'population'), { code: 'neighbourhood', strata }],
  };
}

function known(tables: Tables, kind: string): Group {
  const rows = tables.rows('outcome_completeness').filter((row) => row.kind === kind);
  const strata = strataOf(rows, 'name', 'measured', 'people');
  return { code: `${kind}-measured`, all: undefined, stratifiers: [{ code: kind, strata }] };
}

function coded(tables: Tables): Group {
  const strata = strataOf(tables.rows('coding_quality'), 'element', 'uncoded', 'total');
  return { code: 'uncoded', all: together(strata), stratifiers: [{ code: 'element', strata }] };
}

/** Out of those who were referred; each stage is part of the one before. */
function stages(tables: Tables): Group {
  const rows = tables.rows('referral_funnel');
  const strata = rows.map((row) => ({
    value: String(row.stage),
    numerator: row.people,
    denominator: rows[0]!.people,
  }));
  return { code: 'stage-reached', all: strata.at(-1), stratifiers: [{ code: 'stage', strata }] };
}

function declined(tables: Tables): Group {
  const stratifiers = unequal(tables, 'declined', 'asked');
  return { code: 'declined', all: ofOne(stratifiers), stratifiers };
}

function notAttended(tables: Tables): Group {
  const stratifiers = unequal(tables, 'not_attended', 'appointed');
  return { code: 'not-attended', all: ofOne(stratifiers), stratifiers };
}

function byScore(tables: Tables, which: 'improved' | 'worse'): Group {
  const strata = strataOf(tables.rows('outcome_summary'), 'score', which, 'pairs');
  return { code: which, all: undefined, stratifiers: [{ code: 'score', strata }] };
}

function goals(tables: Tables): Group {
  const rows = tables.rows('goal_attainment');
  const total = sumOf(rows.map((row) => row.goals));
  const strata = rows.map((row) => ({ value: String(row.status), numerator: row.goals, denominator: total }));
  const reached = strata.find(({ value }) => value === 'achieved');
  return { code: 'goal-attainment', all: reached, stratifiers: [{ code: 'achievement', strata }] };
}

function contacts(tables: Tables): Group {
  const strata = tables.rows('gp_contacts').map((row) => ({
    value: String(row.period),
    numerator: row.contacts,
    denominator: row.people,
    score: row.per_person,
  }));
  return { code: 'gp-contacts', all: undefined, stratifiers: [{ code: 'before-after', strata }] };
}

function notReferred(tables: Tables): Group {
  const strata = strataOf(tables.rows('frequent_visitors'), 'band', 'not_referred', 'people');
  return { code: 'not-referred', all: undefined, stratifiers: [{ code: 'contacts', strata }] };
}

/** Everybody is in one stratum of each stratifier, so any that tells all of its numbers has the sum. */
function ofOne(stratifiers: readonly Stratifier[]): Counts | undefined {
  for (const { strata } of stratifiers) {
    const all = together(strata);
    if (all !== undefined) return all;
  }
  return undefined;
}

function together(strata: readonly Stratum[]): Counts | undefined {
  const numerator = sumOf(strata.map((one) => one.numerator));
  const denominator = sumOf(strata.map((one) => one.denominator));
  return numerator === undefined || denominator === undefined ? undefined : { numerator, denominator };
}

function sumOf(cells: readonly unknown[]): number | undefined {
  const values = cells.map(numberOf);
  if (values.length === 0 || !values.every((value) => value !== undefined)) return undefined;
  return values.reduce((total, value) => total + value, 0);
}
