/** A folder of tables, made for one test. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** @returns an empty folder that is gone after the test */
export function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tables-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** @param files text by name @returns the folder that they are in */
export function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = emptyFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** A view of patients: patient_key, gender. */
export function patientView(name = 'patient'): string {
  return JSON.stringify({
    resourceType: 'ViewDefinition',
    status: 'active',
    name,
    resource: 'Patient',
    select: [
      {
        column: [
          { name: 'patient_key', path: 'getResourceKey()', type: 'id' },
          { name: 'gender', path: 'gender', type: 'code' },
        ],
      },
    ],
  });
}

export interface TableText {
  readonly sql: string;
  readonly columns: readonly string[];
  readonly depends?: string;
  readonly kind?: 'row' | 'aggregate';
}

/** @returns text of a derived table with the header that it needs */
export function tableText({ sql, columns, depends = '', kind = 'row' }: TableText): string {
  const header = ['title: A table', 'description: What it is.', `kind: ${kind}`, `depends: ${depends}`];
  return [...header, ...columns.map((one) => `column: ${one}`)].map((one) => `-- ${one}\n`).join('') + sql;
}
