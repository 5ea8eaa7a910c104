/** What hedgerow.config.json may say of how NHS services let us in: the application, its keys, and a client certificate. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { serviceUrlSchema } from './service-url.ts';

const keySchema = z
  .strictObject({
    kid: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,64}$/, 'letters, digits, points, hyphens and underscores')
      .describe('Id of the key, as it is registered for the application'),
    file: z
      .string()
      .min(1)
      .optional()
      .describe('PEM file with the private key; looked at again when it changes'),
    env: z
      .string()
      .min(1)
      .optional()
      .describe('Name of the environment variable with the private key as PEM'),
  })
  .refine(({ file, env }) => (file === undefined) !== (env === undefined), 'names either a file or an env');

export const tlsFilesSchema = z.strictObject({
  certFile: z
    .string()
    .min(1)
    .describe('PEM file with our certificate, and those between it and the authority'),
  keyFile: z.string().min(1).describe('PEM file with its private key'),
  caFile: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file with the authorities that servers are believed by, in place of the public ones'),
});

export const accessSchema = z.strictObject({
  apiKeyEnv: z
    .string()
    .min(1)
    .describe('Name of the environment variable with the API key of the application'),
  keys: z
    .array(keySchema)
    .min(1)
    .max(8)
    .refine((keys) => new Set(keys.map(({ kid }) => kid)).size === keys.length, 'two keys have the same kid')
    .describe(
      'Keys that requests for access are signed with, the current one first; the first that is accepted is used',
    ),
  tokenUrl: serviceUrlSchema
    .optional()
    .describe('Where access tokens are asked for; default that of the environment'),
  deadlineMs: z.int().min(100).default(10_000).describe('Longest wait for a token, in milliseconds'),
  tls: tlsFilesSchema
    .optional()
    .describe('Client certificate that is shown to servers; the files are looked at again when they change'),
});

export type AccessConfig = z.infer<typeof accessSchema>;
export type TlsFiles = z.infer<typeof tlsFilesSchema>;

/** @returns the access with absolute paths of its files @param cwd folder that relative ones are in */
export function locatedAccess(access: AccessConfig, cwd: string): AccessConfig {
  const { tls } = access;
  return {
    ...access,
    keys: access.keys.map((key) => (key.file === undefined ? key : { ...key, file: resolve(cwd, key.file) })),
    ...(tls === undefined ? {} : { tls: locatedTls(tls, cwd) }),
  };
}

/** @returns the files with absolute paths */
export function locatedTls({ certFile, keyFile, caFile }: TlsFiles, cwd: string): TlsFiles {
  return {
    certFile: resolve(cwd, certFile),
    keyFile: resolve(cwd, keyFile),
    ...(caFile === undefined ? {} : { caFile: resolve(cwd, caFile) }),
  };
}
