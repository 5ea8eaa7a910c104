/** Turns a run of the published SQL on FHIR cases into the report that the registry of implementations reads. */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { failureOf, PUBLISHED_VIEWS, readPublished } from '../test/research/published-views.ts';

interface Report {
  [file: string]: { tests: { name: string; result: { passed: boolean; reason?: string } }[] };
}

const [target = 'test_report.json', folder] = process.argv.slice(2);
const files = readPublished(folder === undefined ? PUBLISHED_VIEWS : pathToFileURL(`${folder}/`));
const report: Report = {};
for (const { file, resources, tests } of files)
  report[file] = {
    tests: tests.map((published) => {
      const reason = failureOf(published, resources);
      return {
        name: published.title,
        result: reason === undefined ? { passed: true } : { passed: false, reason },
      };
    }),
  };
writeFileSync(target, `${JSON.stringify(report, null, 2)}\n`);
const all = Object.values(report).flatMap((one) => one.tests);
const passed = all.filter((one) => one.result.passed).length;
console.log(`${passed} of ${all.length} cases pass; written to ${target}`);
