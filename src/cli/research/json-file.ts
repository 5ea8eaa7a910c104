/** Reads a file of JSON that a configuration names, or says what is wrong with it. */
import { readFileSync } from 'node:fs';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';

/** @param what the file is, for the message @throws AdapterError rule `research-file` */
export function readJsonFile(path: string, what: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as unknown;
  } catch (error) {
    const why = error instanceof SyntaxError ? 'it is no JSON' : 'it cannot be read';
    throw new AdapterError(
      'permanent',
      issueOf({
        rule: 'research-file',
        code: 'not-found',
        diagnostics: `The file ${path}, ${what}: ${why}. Mend it, or name another in the configuration.`,
      }),
    );
  }
}
