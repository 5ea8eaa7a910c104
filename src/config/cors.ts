/** What hedgerow.config.json may say of pages of other origins whose scripts call the FHIR API. */
import { z } from 'zod';

const originSchema = z
  .string()
  .refine((text) => isOrigin(text), 'an origin as browsers send it, such as https://app.example.org');

export const corsSchema = z.strictObject({
  origins: z
    .array(originSchema)
    .max(100)
    .default([])
    .describe('Origins whose pages may call the FHIR API from a browser, each named; default none'),
});

export type CorsConfig = z.infer<typeof corsSchema>;

function isOrigin(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text;
}
