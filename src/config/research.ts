/** What hedgerow.config.json may say of research tables: who is in them, what of them leaves, and how they are counted. */
import { resolve } from 'node:path';
import { z } from 'zod';

const optOutSchema = z
  .strictObject({
    list: z
      .string()
      .min(1)
      .optional()
      .describe('File of NHS numbers, one a line, as the National Data Opt-out service returned it'),
    holds: z
      .enum(['opted-out', 'permitted'])
      .default('permitted')
      .describe('Whose numbers the list holds: those who opted out, or those whose data may be used'),
    oldestDays: z
      .int()
      .min(1)
      .max(365)
      .default(21)
      .describe('How old the list may be; an older one is refused'),
    notApplicable: z
      .string()
      .min(10)
      .optional()
      .describe(
        'Why no list is needed, such as an approval that sets opt-outs aside; it stands in every manifest',
      ),
  })
  .refine(({ list, notApplicable }) => (list === undefined) !== (notApplicable === undefined), {
    message: 'name "list", or say in "notApplicable" why there is none',
  });

const rolesSchema = z
  .strictObject({
    below: z.int().min(1).max(100).default(5).describe('Numbers of people below this are suppressed'),
    roundTo: z
      .int()
      .min(1)
      .max(100)
      .default(5)
      .describe('Other numbers are rounded to a multiple of this; 1: as they are'),
    keepZero: z.boolean().default(true).describe('Zero is shown'),
  })
  .describe('Small numbers in tables of counts');

const anonymitySchema = z.strictObject({
  k: z.int().min(2).max(1_000).default(5).describe('Fewest people who look alike'),
  columns: z
    .array(z.string().min(1))
    .min(1)
    .default(['gender', 'age_band', 'ethnic_category', 'imd_decile', 'neighbourhood'])
    .describe('Columns of the table patients by which somebody might be known'),
  otherwise: z
    .enum(['suppress', 'refuse', 'report'])
    .default('suppress')
    .describe(
      'Of people who are fewer: leave them out of all tables of people, write nothing at all, or only report it',
    ),
});

export const researchSchema = z.strictObject({
  keyFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      'File with the key of pseudonyms, made when it is first needed; default research.key in the data folder',
    ),
  keyEnv: z
    .string()
    .min(1)
    .optional()
    .describe('Name of the environment variable with the key, in place of a file'),
  rules: z
    .string()
    .min(1)
    .optional()
    .describe('File with the rules of de-identification; default views/deidentify.rules.json'),
  optOut: optOutSchema
    .optional()
    .describe('National data opt-outs; without it nothing is exported for research'),
  aggregates: z
    .enum(['consented', 'everyone'])
    .default('consented')
    .describe(
      'Whom tables of counts are about: those who are in the other tables, or everybody but restricted people',
    ),
  views: z.string().min(1).optional().describe('Folder with views of your own (*.view.json, *.sql)'),
  places: z
    .string()
    .min(1)
    .optional()
    .describe('CSV of postcodes with their LSOA, IMD decile and neighbourhood'),
  imdRanked: z
    .int()
    .min(1)
    .optional()
    .describe(
      'How many LSOAs were ranked, where "places" has ranks of deprivation in place of deciles: 32844 in 2019, 33755 in 2025',
    ),
  organisations: z
    .enum(['hidden', 'named'])
    .default('hidden')
    .describe('Whether tables and exports name organisations by their ODS codes'),
  withoutNumber: z
    .enum(['in', 'out'])
    .default('out')
    .describe('People without an NHS number: their opt-out cannot be looked up'),
  population: z
    .string()
    .min(1)
    .optional()
    .describe('CSV of how many people live in each neighbourhood or group'),
  smallNumbers: rolesSchema.prefault({}),
  kAnonymity: anonymitySchema.prefault({}),
  meaningfulChange: z
    .record(z.string().min(1), z.number().positive())
    .default({})
    .describe('Points of change that count, by score, in place of the shipped ones'),
  frequentVisitors: z
    .strictObject({
      contacts: z
        .int()
        .min(1)
        .default(12)
        .describe('Contacts with the practice from which somebody is a frequent visitor'),
      months: z.int().min(1).max(60).default(12).describe('within so many months'),
    })
    .prefault({}),
  beforeAfterMonths: z
    .int()
    .min(1)
    .max(60)
    .default(6)
    .describe('Months before and after a referral in which contacts with the practice are compared'),
});

export type ResearchConfig = z.infer<typeof researchSchema>;

/** @returns the section with absolute paths of its files @param cwd folder that relative ones are in */
export function locatedResearch(research: ResearchConfig, cwd: string): ResearchConfig {
  const { optOut } = research;
  const files = (['keyFile', 'rules', 'views', 'places', 'population'] as const).flatMap((name) => {
    const file = research[name];
    return file === undefined ? [] : [[name, resolve(cwd, file)] as const];
  });
  return {
    ...research,
    ...Object.fromEntries(files),
    ...(optOut?.list === undefined ? {} : { optOut: { ...optOut, list: resolve(cwd, optOut.list) } }),
  };
}
