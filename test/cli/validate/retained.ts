/** Runs `validate` over made-up lines in a process of its own (`--expose-gc`), and prints the heap in use after each number of lines that is given. */
import { tmpdir } from 'node:os';
import { ROOT } from '../../../src/cli/load.ts';
import { validate } from '../../../src/cli/validate/validate.ts';
import { loadConfig } from '../../../src/config.ts';

const marks = process.argv.slice(2).map(Number);
const config = loadConfig({ cwd: tmpdir(), root: ROOT });
if (!config.ok) throw new Error(JSON.stringify(config.outcome));

let lines = 0;
/** Standard output of the command: one line a resource. */
function write(): boolean {
  lines++;
  if (marks.includes(lines)) {
    globalThis.gc!();
    process.stdout.write(`${process.memoryUsage().heapUsed}\n`);
  }
  return true;
}

/** Faults in every line, and names that no other line has: of a profile, extension, code system, questionnaire and value set. */
function lineOf(number: number): string {
  const url = (what: string): string => `http://x.example/${what}/${number}`;
  const coding = { system: url('system'), code: `c${number}` };
  const item = { linkId: '1', type: 'choice', text: 'a', answerValueSet: url('set') };
  const form = { resourceType: 'Questionnaire', id: 'q', status: `s${number}`, item: [item] };
  return JSON.stringify({
    resourceType: 'QuestionnaireResponse',
    meta: { profile: [url('profile'), `http://hl7.org/fhir/StructureDefinition/Resource#${number}`] },
    extension: [{ url: url('extension'), valueQuantity: { value: 1, unit: `u${number}` } }],
    contained: [form],
    questionnaire: number % 2 === 0 ? '#q' : url('questionnaire'),
    status: 'completed',
    item: [{ linkId: '1', answer: [{ valueCoding: coding }] }],
  });
}

async function* made(count: number): AsyncGenerator<Uint8Array> {
  for (let number = 1; number <= count; number++) yield Buffer.from(`${lineOf(number)}\n`);
}

await validate(
  ['-'],
  { format: 'json', quiet: true },
  config.value,
  { stdin: made(Math.max(...marks)), stdout: { write, once: () => undefined }, stderr: process.stderr },
  Date.now,
);
