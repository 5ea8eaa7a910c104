/** Runs every check but the tests: types, lint, imports, file headers, Dockerfile, and the benchmarks' smoke run; exits 1 when any fails. */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { validate } from 'dockerfile-utils';

type Check = { readonly name: string; readonly run: () => string | undefined };

/** @returns the command's output when it failed, else undefined */
function command(...args: readonly string[]): string | undefined {
  const done = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return done.status === 0 ? undefined : `${done.stdout}${done.stderr}`;
}

/** dependency-cruiser is green when it reads nothing, so the count of modules is held against the files on disk. */
function imports(): string | undefined {
  const done = spawnSync(
    process.execPath,
    [
      'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
      'src',
      '--config',
      '.dependency-cruiser.cjs',
      '--output-type',
      'json',
    ],
    { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 },
  );
  const report = JSON.parse(done.stdout) as {
    modules: { source: string }[];
    summary: { violations: { from: string; to: string; rule: { name: string } }[] };
  };
  const cruised = report.modules.filter(
    (module) => module.source.startsWith('src/') && module.source.endsWith('.ts'),
  ).length;
  const onDisk = globSync('src/**/*.ts').length;
  if (cruised !== onDisk) return `dependency-cruiser read ${cruised} modules, src/ has ${onDisk}`;
  const violations = report.summary.violations.map((one) => `${one.rule.name}: ${one.from} -> ${one.to}`);
  return violations.length === 0 ? undefined : violations.join('\n');
}

function headers(): string | undefined {
  const bare = globSync(['src/**/*.ts', 'bench/**/*.ts', 'tooling/**/*.ts', 'test/**/*.ts']).filter(
    (file) => !readFileSync(file, 'utf8').startsWith('/**'),
  );
  return bare.length === 0 ? undefined : `files that do not open with a sentence:\n${bare.join('\n')}`;
}

function dockerfile(): string | undefined {
  const problems = validate(readFileSync('Dockerfile', 'utf8'));
  return problems.length === 0
    ? undefined
    : problems.map((one) => `Dockerfile:${one.range.start.line + 1}: ${one.message}`).join('\n');
}

const CHECKS: readonly Check[] = [
  { name: 'types', run: () => command('node_modules/typescript/bin/tsc', '-p', '.') },
  {
    name: 'lint',
    run: () =>
      command('node_modules/@biomejs/biome/bin/biome', 'ci', '--colors=off', '--error-on-warnings', '.'),
  },
  { name: 'imports', run: imports },
  { name: 'headers', run: headers },
  { name: 'dockerfile', run: dockerfile },
  { name: 'bench smoke', run: () => command('bench/run.ts', '--smoke') },
];

const only = process.argv.slice(2);
let failed = 0;
for (const check of CHECKS.filter((one) => only.length === 0 || only.includes(one.name))) {
  const fault = check.run();
  console.log(`${fault === undefined ? 'ok  ' : 'FAIL'} ${check.name}`);
  if (fault === undefined) continue;
  failed++;
  console.log(fault.trimEnd().replaceAll(/^/gm, '     '));
}
process.exitCode = failed > 0 ? 1 : 0;
