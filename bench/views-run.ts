/** Runs the view of answers over an NDJSON file into Parquet, in a process of its own: `node views-run.ts {file} {target} {threads}`; prints seconds, rows and most memory. */
import { loadBaseDefinitions } from '../src/fhir/definitions.ts';
import { compileView } from '../src/research/view/compile.ts';
import { parquetSink } from '../src/research/view/parquet-sink.ts';
import { runViewOverFile } from '../src/research/view/run.ts';

/** A row an answer, however deep it stands. */
const ANSWERS = {
  resource: 'QuestionnaireResponse',
  select: [
    {
      column: [
        { name: 'response_key', path: 'getResourceKey()' },
        { name: 'patient_key', path: 'subject.getReferenceKey(Patient)' },
        { name: 'questionnaire', path: 'questionnaire' },
        { name: 'authored', path: 'authored' },
      ],
    },
    {
      repeat: ['item', 'answer.item'],
      column: [{ name: 'link_id', path: 'linkId' }],
      select: [
        {
          forEach: 'answer',
          column: [
            { name: 'whole', path: 'value.ofType(integer)' },
            { name: 'text', path: 'value.ofType(string)' },
          ],
        },
      ],
    },
  ],
};

const [file = '', target = '', threads = ''] = process.argv.slice(2);
const view = compileView(ANSWERS, loadBaseDefinitions());
if (!view.ok) throw new Error(JSON.stringify(view.outcome));
const startedMs = performance.now();
const asked = threads === '' ? {} : { threads: Number(threads) };
const { rows } = await runViewOverFile(view.value, file, parquetSink(target), asked);
const seconds = (performance.now() - startedMs) / 1_000;
console.log(JSON.stringify({ seconds, rows, megabytes: process.resourceUsage().maxRSS / 1_024 }));
