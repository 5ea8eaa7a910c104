/** Turns the package.json of a FHIR package into its checked name, version and dependencies. */
import { z } from 'zod';
import { type Checked, refuse } from './outcome.ts';

/** What package.json says, as far as it is used. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly title?: string | undefined;
  readonly canonical?: string | undefined;
  /** versions of FHIR that it is for; absent where the package does not say */
  readonly fhirVersions?: readonly string[] | undefined;
  /** name of each package that it needs, and the version or range */
  readonly dependencies: Readonly<Record<string, string>>;
}

/** Names and versions become the name of a folder: nothing that a path could misread. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const VERSION = /^[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}$/;

/** Packages whose content is base R4, which is built in. */
const BUILT_IN = /^hl7\.fhir\.(r4\.)?(core|expansions)$/;

const manifestSchema = z.looseObject({
  name: z.string().regex(NAME, 'letters, digits, dots and hyphens, such as "hl7.fhir.uv.extensions.r4"'),
  version: z.string().regex(VERSION, 'a version such as "1.2.0"'),
  title: z.string().optional(),
  canonical: z.string().optional(),
  fhirVersions: z.array(z.string()).optional(),
  'fhir-version-list': z.array(z.string()).optional(),
  dependencies: z.record(z.string(), z.string()).nullish(),
});

/** @param value package.json, parsed  @param place where it stands, for the refusal */
export function readManifest(value: unknown, place: string): Checked<Manifest> {
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`);
    return refuse({
      code: 'structure',
      rule: 'package-manifest',
      diagnostics: `${place} is not the package.json of a FHIR package: ${wrong.join('; ')}.`,
    });
  }
  const { name, version, title, canonical } = parsed.data;
  const dependencies = parsed.data.dependencies ?? {};
  const fhirVersions = parsed.data.fhirVersions ?? parsed.data['fhir-version-list'] ?? coreIn(dependencies);
  return checkedVersion({ name, version, title, canonical, fhirVersions, dependencies });
}

/** @returns true for the packages whose content is built in */
export function isBuiltIn(name: string): boolean {
  return BUILT_IN.test(name);
}

/** @returns true for 4.0.0, 4.0.1 and the like: 4.1 and 4.3 (R4B) have other resources */
export function isR4(fhirVersion: string): boolean {
  return /^4\.0(\.\d+)?$/.test(fhirVersion) || fhirVersion === 'R4';
}

/** Old packages name their version of FHIR by what they depend on. */
function coreIn(dependencies: Readonly<Record<string, string>>): string[] | undefined {
  const found = Object.entries(dependencies).find(([name]) => /^hl7\.fhir\.(r\d\w?\.)?core$/.test(name));
  return found && [found[1]];
}

function checkedVersion(manifest: Manifest): Checked<Manifest> {
  const { name, version, fhirVersions } = manifest;
  if (isBuiltIn(name)) {
    return refuse({
      code: 'not-supported',
      rule: 'package-built-in',
      diagnostics: `${name}#${version} is base FHIR, which is built in (4.0.1): nothing to add.`,
    });
  }
  if (fhirVersions !== undefined && !fhirVersions.some(isR4)) {
    return refuse({
      code: 'not-supported',
      rule: 'package-fhir-version',
      diagnostics: `${name}#${version} is for FHIR ${fhirVersions.join(', ')}; only R4 (4.0.x) is understood. Look for the edition of it for R4, which often has ".r4" in its name.`,
    });
  }
  return { ok: true, value: manifest };
}
