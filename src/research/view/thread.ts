/** Runs in a thread: turns blocks of NDJSON into the text of their rows. */
import { parentPort } from 'node:worker_threads';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { loadBaseDefinitions } from '../../fhir/definitions.ts';
import { AdapterError } from '../../fhir/outcome.ts';
import { compileView } from './compile.ts';
import type { ThreadAnswer, ThreadBlock, ThreadStart } from './in-threads.ts';
import { wholeLines } from './lines.ts';
import { OneRun, type Ran } from './one-run.ts';
import { resourcesIn } from './resources.ts';
import { rowText, type Shape } from './row-text.ts';

const definitions = loadBaseDefinitions();
let job: Job | undefined;

parentPort!.on('message', (message: ThreadStart | ThreadBlock) => {
  if ('recipe' in message) {
    job = new Job(message);
    return;
  }
  const answer = job!.answer(message);
  parentPort!.postMessage(answer, [answer.text.buffer]);
});

/** One run of a view. */
class Job {
  readonly #run: OneRun;
  readonly #shape: Shape = { hasBreaks: false, longest: 0 };
  #issues: OperationOutcomeIssue[] = [];
  #text = '';

  constructor({ recipe, form, onFault, mostRows }: ThreadStart) {
    const compiled = compileView(recipe.view, definitions, recipe.options);
    if (!compiled.ok) throw new Error('a view that was compiled once is refused'); // a bug
    const report = (issue: OperationOutcomeIssue): void => void this.#issues.push(issue);
    const most = mostRows === undefined ? {} : { mostRows };
    const run = new OneRun(compiled.value, { onFault, report, ...most });
    const write = rowText(form, compiled.value.columns, (column) => run.misfit(column), this.#shape);
    run.into({
      row: (values) => {
        this.#text += write(values);
      },
      drain: () => undefined,
    });
    this.#run = run;
  }

  answer({ bytes, linesBefore }: ThreadBlock): ThreadAnswer {
    const before = { ...this.#run.ran };
    [this.#text, this.#issues] = ['', []];
    const fault = this.#faultIn(bytes, linesBefore);
    const text = new TextEncoder().encode(fault ? '' : this.#text);
    return { text, shape: this.#shape, ran: since(before, this.#run.ran), issues: this.#issues, fault };
  }

  #faultIn(bytes: Uint8Array<ArrayBuffer>, linesBefore: number): OperationOutcomeIssue | undefined {
    try {
      for (const resource of resourcesIn(wholeLines(bytes), { line: linesBefore }))
        void this.#run.take(resource);
      return undefined;
    } catch (error) {
      if (error instanceof AdapterError) return error.outcome.issue[0]!;
      throw error;
    }
  }
}

function since(before: Ran, now: Ran): Ran {
  return {
    resources: now.resources - before.resources,
    rows: now.rows - before.rows,
    leftOut: now.leftOut - before.leftOut,
    misfits: now.misfits - before.misfits,
  };
}
