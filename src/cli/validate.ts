/** Turns a FHIR file into the list of its faults. */
import { readFileSync } from 'node:fs';
import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import type { Config } from '../config.ts';
import { hasErrors, ruleOf } from '../fhir/outcome.ts';
import { parseJson } from '../source/json.ts';
import { checkDomain } from '../validation/domain-rules.ts';
import type { Validator } from '../validation/validator.ts';
import { loadParts, ROOT } from './load.ts';
import type { Streams } from './streams.ts';

/** @returns 0 valid (warnings allowed), 2 faults found, 1 the file could not be read */
export async function validate(file: string, config: Config, streams: Streams): Promise<number> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    streams.stderr.write(`Cannot read ${file}: ${(error as NodeJS.ErrnoException).code}.\n`);
    return 1;
  }
  const parts = loadParts(config, ROOT);
  if (!parts.ok) {
    for (const issue of parts.outcome.issue) streams.stderr.write(`${issue.diagnostics}\n`);
    return 1;
  }
  const documents = file.endsWith('.ndjson')
    ? text
        .split('\n')
        .flatMap((line, at) => (line.trim() === '' ? [] : [{ place: `${file}:${at + 1}`, text: line }]))
    : [{ place: file, text }];
  let resources = 0;
  let faulty = false;
  for (const document of documents) {
    const parsed = parseJson(document.text);
    const checked = parsed.ok
      ? faultsOf(parsed.value, parts.value.validator)
      : { resources: 0, issues: parsed.outcome.issue };
    resources += checked.resources;
    faulty ||= hasErrors(checked.issues);
    for (const issue of checked.issues) streams.stdout.write(`${lineOf(document.place, issue)}\n`);
  }
  streams.stdout.write(
    `${resources} resource${resources === 1 ? '' : 's'} checked: ${faulty ? 'faults found' : 'valid'}\n`,
  );
  return faulty ? 2 : 0;
}

/** A Bundle is checked as such, and its resources together by the domain rules. */
function faultsOf(
  value: unknown,
  validator: Validator,
): { resources: number; issues: readonly OperationOutcomeIssue[] } {
  const resource = value as Resource;
  const issues = validator.validate(resource, { isThorough: true });
  const inside =
    resource?.resourceType === 'Bundle'
      ? (resource.entry ?? []).flatMap((entry) => (entry?.resource ? [entry.resource] : []))
      : [resource];
  if (hasErrors(issues)) return { resources: inside.length, issues };
  const identified = inside
    .filter((one): one is Resource & { id: string } => typeof one?.resourceType === 'string')
    .map((one, at) => ({ ...one, id: one.id ?? `entry-${at}` }));
  const byKey = new Map(identified.map((one) => [`${one.resourceType}/${one.id}`, one as Resource]));
  return {
    resources: inside.length,
    issues: [
      ...issues,
      ...checkDomain(identified, { resource: (key) => byKey.get(key), responsesOf: () => [] }),
    ],
  };
}

function lineOf(place: string, issue: OperationOutcomeIssue): string {
  return [place, issue.severity, ruleOf(issue) ?? issue.code, issue.expression?.join(', '), issue.diagnostics]
    .filter(Boolean)
    .join('  ');
}
