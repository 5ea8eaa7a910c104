/** `convert --explain`: where each element of a record's FHIR comes from, for who writes or checks a map. */
import { expect, test } from 'vitest';
import { run } from '../../faults/process.ts';

const EXAMPLE = 'mappings/spreadsheet/examples/contact/attended/input.csv';

async function explained(file: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const running = run([
    'src/main.ts',
    'convert',
    file,
    '--source',
    'spreadsheet',
    '--kind',
    'contact',
    '--explain',
  ]);
  const code = await running.ended();
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}

test('names the column and the rules of both maps for each element, and no value of the record', async () => {
  const { code, stdout, stderr } = await explained(EXAMPLE);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(
    /Encounter\.status <- 'Attended'\n {6}by prsb\/contact\.map:\d+:\d+ \(rule "status"\)\n {6}by spreadsheet\/contact\.map:\d+:\d+/,
  );
  expect(stdout).toMatch(/Encounter\.subject\.reference <- 'Person ID'/);
  expect(stdout).toMatch(/<- a constant of the map\n {6}by prsb\//);
  expect(stdout).not.toContain('urn:uuid');
}, 30_000);

test('ends with 2 and the outcome when a record is refused', async () => {
  const { code, stderr } = await explained('mappings/spreadsheet/examples/contact/bad-spring-hour/input.csv');
  expect(code).toBe(2);
  expect(JSON.parse(stderr)).toMatchObject({ resourceType: 'OperationOutcome' });
}, 30_000);
