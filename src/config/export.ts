/** What hedgerow.config.json may say of bulk exports: where their files lie, how long, and how many are made at once. */
import { z } from 'zod';

export const exportSchema = z.strictObject({
  folder: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Folder of the files; default exports/ in the data folder. Adapters that share a database share it too, or each serves its own files alone',
    ),
  keepHours: z
    .number()
    .positive()
    .max(24 * 30)
    .default(24)
    .describe('Hours that the files of an export are kept once it is over'),
  ofClient: z.int().min(1).max(100).default(2).describe('Exports of one client that are under way at once'),
  ofAll: z
    .int()
    .min(1)
    .max(1_000)
    .default(10)
    .describe('Exports that are under way at once; one is worked at'),
  linesPerFile: z.int().min(1).max(10_000_000).default(100_000).describe('Resources in one file at most'),
});

export type ExportConfig = z.infer<typeof exportSchema>;
